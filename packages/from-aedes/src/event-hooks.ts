import { PacketType, ReasonCode } from '@sluice/packet';
import { publishPacketOf, subscriptionOf } from './packets.ts';
import type { Stage } from './stage.ts';

/** Registers what keeps the state of clients, and the events of Aedes that somebody listens to. */
export function hookEvents(stage: Stage): void {
  const { context, clients } = stage;

  if (stage.listensTo('client')) {
    context.hook('connack', (event) => {
      stage.emit('client', clients.of(event.client));
    });
  }
  context.hook('connected', (event) => {
    const client = clients.of(event.client);
    client.connecting = false;
    client.connected = true;
    clients.connected++;
    if (client.closed) {
      // A handler has closed it, or failed, when there was nothing to disconnect yet.
      client.closed = false;
      client.end(ReasonCode.notAuthorized);
      return;
    }
    const { sessionPresent } = event;
    stage.emit('connackSent', { cmd: 'connack', returnCode: 0, sessionPresent }, client);
    stage.emit('clientReady', client);
    client.emit('connected');
  });
  context.hook('disconnected', (event) => {
    const client = clients.of(event.client);
    const { by, reasonCode, error } = event;
    client.connected = false;
    client.closed = true;
    clients.connected--;
    if (by === 'broker' && reasonCode === ReasonCode.keepAliveTimeout) {
      stage.emit('keepaliveTimeout', client);
      stage.emit('clientError', client, new Error('keep alive timeout'));
    } else if (error !== undefined) {
      stage.emit('clientError', client, error);
    }
    stage.emit('clientDisconnect', client);
  });

  if (stage.listensTo('ack')) {
    context.hook('acknowledged', ({ client, message, qos }) => {
      const packet = message && publishPacketOf(message, qos, message.retain);
      stage.emit('ack', packet, clients.of(client));
    });
  }
  if (stage.listensTo('ping')) {
    context.hook(
      'packetReceived',
      ({ client, packet }) => {
        if (packet.type !== PacketType.pingreq || client === undefined) return;
        stage.emit('ping', { cmd: 'pingreq' }, clients.of(client));
      },
      { keepsMessages: false },
    );
  }
  if (stage.listensTo('subscribe')) {
    context.hook('subscribed', ({ client, subscription }) => {
      stage.emit('subscribe', [subscriptionOf(subscription)], clients.of(client));
    });
  }
  if (stage.listensTo('unsubscribe')) {
    context.hook('unsubscribed', ({ client, filter }) => {
      stage.emit('unsubscribe', [filter], clients.of(client));
    });
  }
}
