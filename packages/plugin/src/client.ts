import type { ProtocolVersion } from '@sluice/packet';

/** What is known of a stream when it is handed over: by `broker.handle(stream, info)`, or read off the socket. */
export interface ConnectionInfo {
  /** The broker's own name for this connection; unique, not secret. */
  readonly id: string;
  /** 'tcp', 'tls', 'ws', 'wss', 'unix', or what the application says. */
  readonly transport: string;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Name of the listener, if it has one. */
  readonly listener: string | undefined;
  /** Subject common name of a verified TLS client certificate. */
  readonly certificateName: string | undefined;
  /** Path and headers of the HTTP request that became this stream. */
  readonly request: HttpRequestInfo | undefined;
}

export interface HttpRequestInfo {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A client as hooks see it: one client identifier on one connection. */
export interface Client {
  readonly clientId: string;
  readonly userName: string | undefined;
  /** Who it is, as the authenticator named it; the user name when it named nobody; empty for anonymous. */
  readonly identity: string;
  /** What the authenticator attached: roles, tenant, claims. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly protocolVersion: ProtocolVersion;
  readonly connection: ConnectionInfo;
}
