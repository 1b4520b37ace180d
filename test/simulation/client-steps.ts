import type { Client } from './client.ts';
import type { ClientStep } from './plan.ts';
import type { World } from './world.ts';

/** Lets a client do what a step says, as far as it can at the moment. */
export function perform(world: World, client: Client, step: ClientStep): void {
  const { now, history } = world;
  switch (step.do) {
    case 'publish':
      for (const { usesAlias, ...fields } of step.messages) {
        const expirySeconds = client.version === 5 ? fields.expirySeconds : undefined;
        const publication = world.ledger.add({ ...fields, publisher: client.name, expirySeconds });
        client.sender.publish(publication, usesAlias);
      }
      break;
    case 'subscribe':
      if (!client.isConnected) break;
      client.subscriber.subscribe(step.subscriptions, step.identifier, step.hook);
      break;
    case 'unsubscribe':
      if (client.isConnected) client.subscriber.unsubscribe(step.filters);
      break;
    case 'cut':
      client.cut(step.kind);
      break;
    case 'leave':
      client.leave(step.awayMs, step.keepsWill);
      break;
    case 'take over':
      if (client.isConnected) history.reach('takeover of an open connection');
      client.connect(step.hook);
      break;
    case 'start clean':
      client.startClean();
      break;
    case 'hold acknowledgements':
      client.receiver.hold(now + step.forMs);
      break;
    case 'stop reading':
      client.stopReading(step.forMs);
      break;
    case 'fall silent':
      client.fallSilent(now + step.forMs);
      break;
    case 'be kicked':
      world.kick(client.name);
      break;
    default:
      step satisfies never;
  }
}
