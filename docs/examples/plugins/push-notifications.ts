// Somebody whose phone is asleep is told, once, that messages wait: a request to a push service.
import { createBroker } from '@sluice/core';
import { allow, type Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

/** What the push service is told. */
export interface Notification {
  readonly clientId: string;
  readonly identity: string;
  readonly topic: string;
}

export interface PushOptions {
  /** Tells the push service; what it throws becomes the broker's event `error`. */
  readonly notify: (notification: Notification) => Promise<void>;
}

export function pushNotifications({ notify }: PushOptions): Plugin {
  return {
    name: 'push-notifications',
    setup(context) {
      const notified = new Set<string>();
      context.hook('enqueue', ({ client, message }) => {
        const { clientId, identity } = client;
        const isAbsent = context.broker.sessions.get(clientId)?.client === undefined;
        if (isAbsent && !notified.has(clientId)) {
          notified.add(clientId);
          // Not awaited: the message goes into the queue now, whatever the push service does.
          notify({ clientId, identity, topic: message.topic }).catch(context.reportError);
        }
        return allow();
      });
      context.hook('connected', ({ client }) => void notified.delete(client.clientId));
      context.hook('ended', ({ client }) => void notified.delete(client.clientId));
    },
  };
}

/** A push service that takes JSON over HTTP. */
export function webhook(url: string): PushOptions['notify'] {
  return async (notification) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notification),
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  };
}

export async function start(
  options: StartOptions,
  notify: PushOptions['notify'] = webhook('http://127.0.0.1:8090/push'),
): Promise<Running> {
  return serve(await createBroker({ plugins: [pushNotifications({ notify })] }), options);
}

await runIfMain(import.meta, start);
