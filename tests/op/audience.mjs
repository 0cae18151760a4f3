// What tokens are asked for, in the words of a token request; shared by both providers of the tests.

// Logto takes several indicators in one `resource`, with commas between, as well as repeated ones.
export const resourcesIn = (params) => params.getAll('resource').flatMap((value) => value.split(',')).filter(Boolean);

// An indicator, an organization, both with " in " between, or "opaque".
export function audienceAsked(form) {
  const resource = form.get('resource'), id = form.get('organization_id');
  const organization = id ? `urn:logto:organization:${id}` : '';
  return resource ? (organization ? `${resource} in ${organization}` : resource) : organization || 'opaque';
}
