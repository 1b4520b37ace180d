/** How sockets are accepted, whatever is spoken on them. */
export const socketOptions = {
  // The broker gathers what it sends by itself: waiting for more would only add latency.
  noDelay: true,
  // A client with keep alive 0 whose machine is gone would otherwise stay for ever.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;
