/** The global variable that instrumented modules take their counters from. */
export const countersName = '__fuzzCounters';
