// GET /api/oauth2/v2/identity of Patreon as documented, in JSON:API: what `include` asks for, and of each resource what `fields[...]` names.
const listed = (url, name) => (url.searchParams.get(name) ?? '').split(',').filter(Boolean);
const picked = (fields, attributes) => Object.fromEntries(Object.entries(attributes).filter(([name]) => fields.includes(name)));

export const patreonError = (status, name, detail) => ({ errors: [{ code: 1, code_name: name, detail, id: '87716a1a-18c4-466c-a416-dfed51bb6417', status: String(status), title: name }] });

// A person: { id, memberships: [{ campaign, status, cents, tiers: [{ id, title }] }] }.
export function patreonIdentity({ id, memberships = [] }, url) {
  const included = new Map();
  const include = listed(url, 'include'), member = listed(url, 'fields[member]'), tierFields = listed(url, 'fields[tier]');
  const put = (resource) => included.set(`${resource.type} ${resource.id}`, resource);
  for (const [index, one] of memberships.entries()) {
    const memberId = `00000000-0000-4000-8000-${String(id).padStart(8, '0')}${String(index).padStart(4, '0')}`;
    one.memberId = memberId;
    const tiers = one.tiers ?? [];
    const relationships = {
      ...(include.includes('memberships.campaign') ? { campaign: { data: { id: one.campaign, type: 'campaign' }, links: { related: `https://www.patreon.com/api/oauth2/v2/campaigns/${one.campaign}` } } } : {}),
      ...(include.includes('memberships.currently_entitled_tiers') ? { currently_entitled_tiers: { data: tiers.map((tier) => ({ id: tier.id, type: 'tier' })) } } : {}),
    };
    const attributes = picked(member, { patron_status: one.status ?? null, currently_entitled_amount_cents: one.cents ?? 0, full_name: 'Pat Reon', is_follower: false });
    put({ attributes, id: memberId, relationships, type: 'member' });
    if (relationships.campaign) put({ attributes: {}, id: one.campaign, type: 'campaign' });
    if (relationships.currently_entitled_tiers) for (const tier of tiers) put({ attributes: picked(tierFields, { title: tier.title, amount_cents: one.cents ?? 0 }), id: tier.id, type: 'tier' });
  }
  const withMembers = include.includes('memberships');
  return {
    data: { attributes: {}, id: String(id), relationships: withMembers ? { memberships: { data: memberships.map(({ memberId }) => ({ id: memberId, type: 'member' })) } } : {}, type: 'user' },
    ...(withMembers && included.size ? { included: [...included.values()] } : {}),
    links: { self: `https://www.patreon.com/api/oauth2/v2/user/${id}` },
  };
}
