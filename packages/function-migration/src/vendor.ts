import { kindOf } from '@meterbridge/destinations';
import type { Request } from './machine.js';
import type { Vendor } from './recipes.js';
import { fieldOf, type ObjectSym, type Sym } from './symbols.js';

/** Where a request goes: to which API, and at which origin where the code says so. */
export type Target = { type: Vendor; origin: string | null; setting: string | null };

/** What a request is to us: usage for an API we know (`isText`: as JSON), nothing of ours, or nobody can tell. */
export type Reading =
  | { is: 'usage'; target: Target; objects: ObjectSym[]; isText: boolean }
  | { is: 'other' | 'unclear'; why: string };

export function readRequest({ url, body }: Request): Reading {
  const text = urlText(url);
  const content = body.kind === 'json' ? body.of : body;
  const type = typeByUrl(text) ?? typeByBody(content);
  if (type === null) return { is: 'other', why: `a request to ${shown(text)}: neither Lago nor Hyperline` };
  const path = pathOf(text);
  if (path !== null && !/\/events(\/batch)?$/.test(path)) {
    return { is: 'other', why: `a request to ${kindOf(type).title}'s ${path}: no usage` };
  }
  const items = itemsOf(content, type);
  const objects = (items ?? []).filter((item) => item.kind === 'object');
  // A batch of which nothing is left is no usage, and no riddle either.
  if (objects.length < (items?.length ?? 1)) {
    const unknown = [content, ...(items ?? [])].find((item) => item.kind === 'unknown');
    const why = unknown?.kind === 'unknown' ? unknown.why : 'its body is not put together in the code';
    return { is: 'unclear', why: `a request to ${kindOf(type).title} whose usage cannot be told: ${why}` };
  }
  return { is: 'usage', target: { type, ...originOf(text, url) }, objects, isText: body.kind === 'json' };
}

/** A URL with `{}` for what is not constant; null where nothing is. */
function urlText(sym: Sym): string | null {
  if (sym.kind === 'constant') return typeof sym.value === 'string' ? sym.value : null;
  if (sym.kind !== 'text') return null;
  return sym.parts.map((part) => (part.kind === 'constant' ? String(part.value) : '{}')).join('');
}

function typeByUrl(text: string | null): Vendor | null {
  if (text === null) return null;
  if (/hyperline/i.test(text)) return 'hyperline';
  if (/lago/i.test(text) || /\/api\/v1\/events(\/batch)?\/?$/.test(text)) return 'lago';
  return null;
}

function typeByBody(content: Sym): Vendor | null {
  const object = content.kind === 'list' ? content.items[0] : content;
  if (object?.kind !== 'object') return null;
  if (fieldOf(object, 'event')?.value.kind === 'object' || fieldOf(object, 'events')) return 'lago';
  return object.fields.some(({ name }) => /^(record|customer_?id|event_?type)$/i.test(name))
    ? 'hyperline'
    : null;
}

/** Lago: `{"event":{…}}` and `{"events":[…]}`; Hyperline: `{…}` and `[…]`. Null for anything else. */
function itemsOf(content: Sym, type: Vendor): readonly Sym[] | null {
  if (type === 'hyperline') return content.kind === 'list' ? content.items : [content];
  if (content.kind !== 'object') return null;
  const inner = fieldOf(content, 'event') ?? fieldOf(content, 'events');
  if (!inner) return null;
  return inner.value.kind === 'list' ? inner.value.items : [inner.value];
}

function originOf(text: string | null, url: Sym): Pick<Target, 'origin' | 'setting'> {
  const bare = text?.replace(/\/+$/, '').replace(/(\/api)?\/v\d\/events(\/batch)?$/, '') ?? '';
  if (!bare.includes('{}') && URL.canParse(bare)) {
    const { protocol, host, pathname } = new URL(bare);
    return { origin: `${protocol}//${host}${pathname.replace(/\/+$/, '')}`, setting: null };
  }
  return { origin: null, setting: settingIn(url) };
}

function settingIn(sym: Sym): string | null {
  if (sym.kind === 'settings') return sym.path.join('.');
  if (sym.kind === 'text') return sym.parts.map(settingIn).find((each) => each !== null) ?? null;
  return sym.kind === 'converted' ? settingIn(sym.of) : null;
}

function pathOf(text: string | null): string | null {
  if (text === null || !URL.canParse(text)) return null;
  return new URL(text).pathname.replace(/\/+$/, '');
}

/** A host, for people; whatever else stands in a URL may be a secret. */
function shown(text: string | null): string {
  return text !== null && URL.canParse(text) ? new URL(text).host : 'an address that is not in the code';
}

/** A key that stands in the code itself. */
export function holdsKey(headers: Sym): boolean {
  if (headers.kind !== 'object') return false;
  const authorization = headers.fields.find(({ name }) => name.toLowerCase() === 'authorization')?.value;
  return authorization?.kind === 'constant' && /\S{8,}$/.test(String(authorization.value));
}
