/** What a client said of itself in CONNECT, as far as the connection needs it later. */
export interface ClientTerms {
  readonly keepAlive: number;
  readonly sendQuota: number;
  /** Aliases that the broker may use towards the client. */
  readonly topicAliasMaximum: number;
  /** Session Expiry Interval of CONNECT: 0 there forbids another one in DISCONNECT [MQTT-3.14.2-2]. */
  readonly sessionExpiryInterval: number;
}

/** An enhanced authentication, as the connection holds it: `exchange.ts`. */
export interface PendingExchange {
  /** Whether CONNECT waits for it. */
  readonly isFirst: boolean;
  /** Takes the client's next data. */
  step(method: string | undefined, data: Uint8Array | undefined): void | Promise<void>;
}
