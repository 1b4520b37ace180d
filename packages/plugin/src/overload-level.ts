/**
 * How short of memory a broker is, and what it does about it; each level does what those before it do, too.
 *
 * - `none`: nothing.
 * - `slowing`: who publishes most is hardly read from.
 * - `dropping`: QoS 0 is dropped for receivers that are behind.
 * - `refusing`: CONNECT is refused.
 */
export type OverloadLevel = 'none' | 'slowing' | 'dropping' | 'refusing';
