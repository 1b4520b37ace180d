/** What a connection needs of the stream under it. `duplex-port.ts` makes one of any `stream.Duplex`. */
export interface Port {
  /** Takes the bytes by reference; they stay as they are until `pending` is 0 again. */
  write(bytes: Uint8Array): void;
  /** Bytes taken that the layer below has not accepted yet. */
  readonly pending: number;
  /** Whether written memory may be used again as soon as `pending` is 0. */
  readonly copies: boolean;
  /** Holds writes back until `uncork`, so that several leave as one. */
  cork(): void;
  uncork(): void;
  /** CONNECT was accepted: who holds bytes of strangers back may let more of them through. */
  accepted(): void;
  pause(): void;
  resume(): void;
  /** Lets what was written leave, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** The peer has closed, and all that it sent was handled: closes as well. */
  follow(): void;
}

/** Who is told what happens on a port. */
export interface PortOwner {
  onData(chunk: Uint8Array): void;
  /** `pending` fell to 0. */
  onDrain(): void;
  /** Once; nothing follows. The error is what ended it, if the peer did not simply close. */
  onClosed(error: Error | undefined): void;
}
