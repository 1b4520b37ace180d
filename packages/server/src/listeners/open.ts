import { Certificates } from '../certificates.ts';
import type { ListenerOptions } from '../config.ts';
import type { Listener, ListenerContext } from './listener.ts';
import { openTcp } from './tcp.ts';
import { openTls } from './tls.ts';
import { checkSocketPath, openUnix } from './unix.ts';
import type { openWebSocket } from './web-socket.ts';

/** A listener whose files are read and found good, ready to be opened. */
export type PreparedListener = (context: ListenerContext) => Promise<Listener>;

/** Reads what a listener needs, so that a bad file is known before a long restore rather than after it. */
export function prepareListener(options: ListenerOptions): PreparedListener {
  switch (options.type) {
    case 'tcp':
      return (context) => openTcp(options, context);
    case 'ws':
      return (context) => openWeb(options, undefined, context);
    case 'unix':
      checkSocketPath(options);
      return (context) => openUnix(options, context);
    case 'tls': {
      const certificates = new Certificates(options);
      return (context) => openTls(options, certificates, context);
    }
    case 'wss': {
      const certificates = new Certificates(options);
      return (context) => openWeb(options, certificates, context);
    }
  }
}

/** Loaded when it is needed: most listeners have nothing to do with HTTP. */
async function openWeb(...listener: Parameters<typeof openWebSocket>): Promise<Listener> {
  const { openWebSocket } = await import('./web-socket.ts');
  return await openWebSocket(...listener);
}
