export { createMatcher, TopicMatcher } from './matcher.ts';
