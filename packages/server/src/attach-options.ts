import type { IncomingMessage } from 'node:http';
import { Server } from 'node:net';
import { limitRanges } from '@sluice/core';
import type { ConnectionInfo } from '@sluice/plugin';
import { integer, type Place, type Reader, record, someOf, wrongValue } from './shape.ts';
import { webOrigin, webPath } from './web-address.ts';

export interface AttachOptions {
  /** Path of the URL that is upgraded to MQTT; any path by default. */
  readonly path?: string | undefined;
  /**
   * Web sites whose pages may connect, as browsers name them in the header Origin: 'https://app.example.org'. Requests
   * without that header, which are not of pages, are not asked. All by default.
   */
  readonly origins?: readonly string[] | undefined;
  /** Largest packet that the broker accepts, in bytes: frames may be a little larger. The broker's default by default. */
  readonly maxPacketBytes?: number | undefined;
  /**
   * Largest CONNECT that the broker accepts, in bytes: until then, messages may be a little larger. The broker's default by
   * default.
   */
  readonly maxConnectPacketBytes?: number | undefined;
  /**
   * More about these connections, for hooks: name of the listener, name in the client's certificate. Where it throws, the
   * connection is closed with 1011 and the error is a warning of the process.
   */
  readonly info?: ((request: IncomingMessage) => Partial<ConnectionInfo>) | undefined;
}

const read: Reader<AttachOptions> = record<AttachOptions>({
  path: webPath,
  origins: someOf(webOrigin),
  maxPacketBytes: bytes(limitRanges.maxPacketBytes),
  maxConnectPacketBytes: bytes(limitRanges.maxConnectPacketBytes),
  info: (value, place) => {
    if (typeof value !== 'function') throw wrongValue(value, place, 'a function');
    return value as NonNullable<AttachOptions['info']>;
  },
});

/** Checks what `attachWebSocket` is given: a misspelt `origins` would let every web site in. Throws a BrokerError. */
export function readAttachOptions(
  server: unknown,
  broker: { readonly handle?: unknown } | undefined,
  options: unknown,
): AttachOptions {
  const at = (key: string): Place => ({ source: 'attachWebSocket', key });
  if (!(server instanceof Server)) {
    const what = typeof server === 'function' ? 'a function' : typeof server;
    throw wrongValue(
      what,
      at('server'),
      'an HTTP or HTTPS server, as createServer(app) returns one',
    );
  }
  if (typeof broker?.handle !== 'function') {
    throw wrongValue(typeof broker, at('broker'), 'a broker, as await createBroker() returns one');
  }
  return read(options, at(''));
}

function bytes({ min, max }: { readonly min: number; readonly max: number }): Reader<number> {
  return integer(min, max);
}
