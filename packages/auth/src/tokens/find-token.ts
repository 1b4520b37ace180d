import { Buffer } from 'node:buffer';
import type { AuthenticateEvent, HttpRequestInfo } from '@sluice/plugin';
import type { TokenPlace } from './token-options.ts';

/** The token that a CONNECT brings; undefined where there is none in that place, or something else. */
export function findToken(event: AuthenticateEvent, from: TokenPlace): string | undefined {
  if (from === 'password') return ifToken(event.password && Buffer.from(event.password).toString());
  if (from === 'userName') return ifToken(event.userName);
  const { request } = event.connection;
  if (request === undefined) return undefined;
  return 'query' in from ? fromQuery(request, from.query) : fromHeader(request, from.header);
}

/** A password or user name may be just that: only what has the form of a token is taken for one. */
function ifToken(text: string | undefined): string | undefined {
  return text !== undefined && hasTokenForm(text) ? text : undefined;
}

function fromQuery({ url }: HttpRequestInfo, name: string): string | undefined {
  const start = url.indexOf('?');
  if (start < 0) return undefined;
  return new URLSearchParams(url.slice(start + 1)).get(name) ?? undefined;
}

function fromHeader({ headers }: HttpRequestInfo, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (typeof value !== 'string') return undefined;
  if (name !== 'authorization') return value;
  return /^Bearer +(\S+)$/i.exec(value)?.[1];
}

/** Three parts, the first of which names an algorithm (RFC 7515, section 7.1). */
function hasTokenForm(text: string): boolean {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return false;
  try {
    const header: unknown = JSON.parse(
      Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString(),
    );
    return typeof header === 'object' && header !== null && 'alg' in header;
  } catch {
    return false;
  }
}
