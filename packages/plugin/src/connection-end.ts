/** Why a connection was refused or closed: a closed list. */
export const ConnectionEnd = {
  /** The client sent DISCONNECT. */
  client: 'client',
  /** The stream ended or failed. */
  network: 'network',
  /** Nothing came for 1.5 times the keep alive. */
  keepAlive: 'keep-alive',
  /** No CONNECT came in time, or the authorization is over. */
  timeOver: 'time-over',
  /** Another connection took the client identifier over. */
  takenOver: 'taken-over',
  /** Authentication or authorization: a password, a ban, an authentication method. */
  notAuthorized: 'not-authorized',
  /** A limit: of packets, rates, connections, or of what waits for a client that takes nothing. */
  limit: 'limit',
  /** The client broke the protocol, or asked for what is not offered. */
  protocol: 'protocol',
  /** An administrator, the application or a plug-in ended it. */
  administrative: 'administrative',
  /** The broker or the scope is closing, or the client was sent to another server. */
  closing: 'closing',
  /** The broker, its store or a plug-in failed. */
  failure: 'failure',
} as const;

export type ConnectionEnd = (typeof ConnectionEnd)[keyof typeof ConnectionEnd];
