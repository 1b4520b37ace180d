import type { SessionTraffic } from '../session-events.ts';

/** What a session says that nothing was counted for. */
export const noTraffic: SessionTraffic = Object.freeze({
  bytesReceived: 0,
  bytesSent: 0,
  messagesReceived: 0,
  messagesSent: 0,
  dropped: new Map(),
  droppedOwn: new Map(),
});
