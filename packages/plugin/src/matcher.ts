/**
 * Finds the subscriptions that match a topic name (section 4.7). Filters are plain ones: the `$share/name/`
 * prefix is the broker's business. Values are told apart by identity.
 */
export interface Matcher<Value> {
  /** Adds a value under a valid filter. Adding the same pair twice is the same as once. */
  add(filter: string, value: Value): void;

  /** Removes the pair; false when it was not there. Leaves nothing behind of a filter without values. */
  remove(filter: string, value: Value): boolean;

  /**
   * Appends each value with a filter that matches the topic name to `into`, once per matching filter, in no
   * particular order. A filter that begins with a wildcard does not match a topic that begins with `$`.
   */
  match(topic: string, into: Value[]): void;

  /** Number of pairs. */
  readonly size: number;
}

/** What a plug-in provides as the service `matcher`. */
export type MatcherFactory = <Value>() => Matcher<Value>;
