import { ReasonCode } from '@sluice/packet';
import { type Drop, drop, type Message, type MessageChanges } from '@sluice/plugin';
import type { FromAedesOptions } from './handlers.ts';
import type { LiveClient } from './live-client.ts';
import { andThen } from './outcome.ts';
import { deliveryChanges, messageChanges, publishPacketOf } from './packets.ts';
import type { Stage } from './stage.ts';

const refused: Drop = Object.freeze(drop(ReasonCode.notAuthorized));

type Changes = MessageChanges | Drop | undefined;

/** Registers what watches messages: `authorizePublish`, `authorizeForward` and `published`. */
export function hookMessages(stage: Stage, handlers: FromAedesOptions): void {
  const { context, clients, broker } = stage;
  const { authorizePublish, authorizeForward, published, deadlineMs } = handlers;
  const options = deadlineMs === undefined ? {} : { deadlineMs };

  if (authorizePublish !== undefined) {
    const ask = (
      client: LiveClient | null,
      message: Message,
      isWill: boolean,
    ): Changes | Promise<Changes> => {
      const packet = publishPacketOf(message, message.qos, message.retain);
      const outcome = stage.ask<void>(isWill ? null : client, (callback) =>
        authorizePublish.call(broker, client, packet, callback),
      );
      return andThen(outcome, ({ error }) => {
        if (error === undefined) return messageChanges(message, packet);
        if (!isWill) stage.fail(client, error);
        return refused;
      });
    };
    // Not authorizePublish: a handler may change what it authorizes.
    context.hook(
      'publish',
      (event) => {
        if (event.client === undefined) return;
        return ask(clients.of(event.client), event.message, false);
      },
      options,
    );
    context.hook(
      'will',
      ({ client, message }) => ask(clients.find(client), message, true),
      options,
    );
  }

  if (authorizeForward !== undefined) {
    context.hook('deliver', ({ client, message, qos, retain }) => {
      const packet = publishPacketOf(message, qos, retain);
      const forwarded: unknown = authorizeForward.call(broker, clients.of(client), packet);
      if (!forwarded) return refused;
      if (forwarded instanceof Promise) {
        forwarded.catch(context.reportError);
        throw new Error('authorizeForward has to answer at once, and returned a promise');
      }
      return deliveryChanges(message, retain, forwarded as typeof packet);
    });
  }

  if (published !== undefined || stage.listensTo('publish')) {
    context.hook('published', (event) => {
      const { message } = event;
      const client = event.client === undefined ? null : clients.find(event.client);
      const packet = publishPacketOf(message, message.qos, message.retain);
      stage.emit('publish', packet, client);
      if (published === undefined) return;
      const outcome = stage.ask<void>(null, (callback) =>
        published.call(broker, packet, client, callback),
      );
      const end = andThen(outcome, ({ error }) => {
        if (error !== undefined) stage.fail(client, error);
      });
      if (end instanceof Promise) end.catch(context.reportError);
    });
  }
}
