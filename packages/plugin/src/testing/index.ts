export { emptyBroker } from './empty-broker.ts';
export type { MatcherSuiteOptions } from './matcher.ts';
export { describeMatcher } from './matcher.ts';
export { noTraffic } from './no-traffic.ts';
export type {
  PersistenceCapabilities,
  PersistenceSuiteOptions,
  StoreUnderTest,
} from './persistence.ts';
export { describePersistence } from './persistence.ts';
export { stillClock } from './still-clock.ts';
