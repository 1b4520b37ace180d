import {
  checkBoolean,
  checkList,
  checkRecord,
  checkTexts,
  fault,
  type Source,
} from '../documents/checks.ts';
import { isUserName } from '../text/user-name.ts';

/** How a TLS client certificate says who a client is. */
export interface CertificateOptions {
  /** What of CONNECT must be the common name of the certificate; nothing by default. */
  readonly mustEqual?: CertificateMatch | readonly CertificateMatch[] | undefined;
  /** What some common names stand for. */
  readonly names?: readonly CertificateEntry[] | undefined;
  /** Whether a common name that `names` does not list is refused; false by default. */
  readonly listedOnly?: boolean | undefined;
  /** Whether a client without a certificate is refused, whatever else it brings; false by default. */
  readonly required?: boolean | undefined;
}

export type CertificateMatch = 'clientId' | 'userName';

export interface CertificateEntry {
  /** The common name, literally. */
  readonly name: string;
  /** Who that is; the common name by default. */
  readonly user?: string;
  /** None by default. */
  readonly roles?: readonly string[];
}

/** Options after checking, with every default filled in. */
export interface CertificateSettings {
  readonly mustEqual: readonly CertificateMatch[];
  readonly names: ReadonlyMap<string, { readonly user: string; readonly roles: readonly string[] }>;
  readonly listedOnly: boolean;
  readonly required: boolean;
}

/** Throws a `BrokerError` for options that cannot be right. `place` names them in it. */
export function checkCertificateOptions(
  value: unknown,
  place: string,
  source: Source,
): CertificateSettings {
  const optional = ['mustEqual', 'names', 'listedOnly', 'required'];
  const given = checkRecord(value === true ? {} : value, place, { required: [], optional }, source);
  const flag = (name: string) => checkBoolean(given.get(name) ?? false, `${place}.${name}`, source);
  const names = new Map<string, { readonly user: string; readonly roles: readonly string[] }>();
  const list = checkList(given.get('names') ?? [], `${place}.names`, source);
  for (const [index, entry] of list.entries()) {
    const { name, ...who } = checkEntry(entry, `${place}.names[${index}]`, source);
    if (names.has(name)) throw fault(source, `${place}.names has ${JSON.stringify(name)} twice`);
    names.set(name, who);
  }
  return {
    mustEqual: checkMatches(given.get('mustEqual'), `${place}.mustEqual`, source),
    names,
    listedOnly: flag('listedOnly'),
    required: flag('required'),
  };
}

function checkEntry(
  value: unknown,
  place: string,
  source: Source,
): { name: string; user: string; roles: readonly string[] } {
  const entry = checkRecord(
    value,
    place,
    { required: ['name'], optional: ['user', 'roles'] },
    source,
  );
  const name = entry.get('name');
  const user = entry.get('user') ?? name;
  if (!isUserName(name) || !isUserName(user)) {
    throw fault(source, `${place} must have texts without U+0000 as name and user`);
  }
  const roles = entry.has('roles') ? checkTexts(entry.get('roles'), `${place}.roles`, source) : [];
  return { name, user, roles: roles.map(({ text }) => text) };
}

function checkMatches(value: unknown, place: string, source: Source): readonly CertificateMatch[] {
  if (value === undefined) return [];
  return checkTexts(value, place, source).map(({ text, at }) => {
    if (text === 'clientId' || text === 'userName') return text;
    throw fault(source, `${at} must be "clientId" or "userName"`);
  });
}
