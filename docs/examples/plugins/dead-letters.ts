// What does not arrive is published again, below dead-letters/<reason>/, with the receiver it was for.
import { createBroker } from '@sluice/core';
import { DropReason, type Message, type Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export interface DeadLettersOptions {
  /** First level of their topics; 'dead-letters' by default. */
  readonly prefix?: string;
  /** Which drops make a dead letter. Not those that are nobody's loss: what was refused or thrown away on purpose. */
  readonly reasons?: readonly DropReason[];
}

const losses = [
  DropReason.expired,
  DropReason.queueFull,
  DropReason.packetTooLarge,
  DropReason.refused,
];

export function deadLetters({
  prefix = 'dead-letters',
  reasons = losses,
}: DeadLettersOptions = {}): Plugin {
  return {
    name: 'dead-letters',
    setup(context) {
      context.hook('dropped', ({ clientId, message, reason }) => {
        if (!reasons.includes(reason)) return;
        if (message.topic.startsWith(`${prefix}/`)) return; // a dead letter that is lost is gone
        context.broker
          .publish({
            topic: `${prefix}/${reason}/${message.topic}`,
            payload: Buffer.from(message.payload), // a copy: the message's own lives only as long as this call
            qos: 1,
            properties: propertiesOf(message, clientId),
          })
          .catch(context.reportError);
      });
    },
  };
}

function propertiesOf(message: Message, clientId: string | undefined) {
  const { contentType } = message.properties;
  return {
    ...(contentType !== undefined && { contentType }),
    userProperties: [
      ...(message.properties.userProperties ?? []),
      ['from', message.publisherId],
      ['to', clientId ?? ''],
      ['received', new Date(message.receivedAt).toISOString()],
    ] as [string, string][],
  };
}

export async function start(options: StartOptions): Promise<Running> {
  // A small queue, so that it is soon full.
  const broker = await createBroker({
    plugins: [deadLetters()],
    limits: { maxQueuedMessages: 10 },
  });
  return serve(broker, options);
}

await runIfMain(import.meta, start);
