// What the routes of the Management API share: errors, fields that are taken, pages.
import { randomInt } from 'node:crypto';

export const managementAudience = 'https://default.logto.app/api';

// What an operation throws to be answered as Logto's errors are.
export class ApiError extends Error {
  constructor(status, code, message = code, data) { super(message); Object.assign(this, { status, code, data }); }
}
export const invalid = (details) => new ApiError(400, 'guard.invalid_input', `The request body is invalid. ${details}`);
export const notFound = () => new ApiError(404, 'entity.not_found', 'Resource not found.');

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const newId = (length = 21) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

// Fields that a route takes: a name that it does not know, or a value of another kind, is refused.
export function guard(body, kinds, required = []) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('an object is expected');
  for (const name of required) if (body[name] === undefined) throw invalid(`${name} is required`);
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(kinds, name)) throw invalid(`unrecognized key ${name}`);
    if (!kinds[name](value)) throw invalid(`${name} is of another kind`);
  }
  return body;
}
export const isText = (value) => typeof value === 'string' && value.length > 0;
export const isAnyText = (value) => typeof value === 'string';
export const isBoolean = (value) => typeof value === 'boolean';
export const isCount = (value) => Number.isInteger(value) && value > 0;
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isTexts = (value) => Array.isArray(value) && value.every(isAnyText);
export const isUrl = (value) => { try { return Boolean(new URL(value)); } catch { return false; } };

// A page of a list, 20 unless asked otherwise, with how many there are.
export function page(list, query) {
  const size = Number(query.get('page_size') ?? 20), nth = Number(query.get('page') ?? 1);
  if (!(size >= 1 && size <= 100 && nth >= 1)) throw new ApiError(400, 'guard.invalid_pagination', 'Invalid pagination request value.');
  return { status: 200, body: list.slice((nth - 1) * size, nth * size), headers: { 'total-number': String(list.length) } };
}
