/** What is known of a client: the claims of its token, or what an authenticator attached. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The value under a name; where there is none, dots in the name lead into objects. */
export function valueAt(attributes: Attributes, name: string): unknown {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  const dot = name.indexOf('.');
  if (dot < 0) return undefined;
  const outer = name.slice(0, dot);
  const inner = Object.hasOwn(attributes, outer) ? attributes[outer] : undefined;
  if (typeof inner !== 'object' || inner === null) return undefined;
  return valueAt(inner as Attributes, name.slice(dot + 1));
}

/** Roles as they are written: a list of texts, or one text with spaces between them. Anything else is none. */
export function rolesIn(value: unknown): readonly string[] {
  const list: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
  return list.filter((role): role is string => typeof role === 'string' && role !== '');
}
