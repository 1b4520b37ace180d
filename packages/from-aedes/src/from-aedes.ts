import type { Plugin, PluginContext } from '@sluice/plugin';
import { Clients } from './clients.ts';
import { hookConnect } from './connect-handlers.ts';
import { hookEvents } from './event-hooks.ts';
import type { AedesBroker, FromAedesOptions } from './handlers.ts';
import { hookMessages } from './message-handlers.ts';
import { checkOptions } from './options.ts';
import { callBack } from './outcome.ts';
import { outgoingOf } from './packets.ts';
import { Stage } from './stage.ts';
import { hookSubscribe } from './subscribe-handler.ts';

/**
 * Makes a plug-in of the handlers of an Aedes broker. An option of Aedes that is no handler throws a BrokerError
 * SLUICE_FROM_AEDES_OPTIONS, which says what to do instead.
 */
export function fromAedes(options: FromAedesOptions): Plugin {
  checkOptions(options);
  return {
    name: 'from-aedes',
    setup(context) {
      const clients = new Clients(context.broker);
      let isClosed = false;
      const broker = brokerFor(context, clients, () => isClosed);
      const stage = new Stage(context, clients, broker, options);
      hookConnect(stage, options);
      hookSubscribe(stage, options);
      hookMessages(stage, options);
      hookEvents(stage);
      context.hook('close', () => {
        isClosed = true;
        stage.emit('closed');
      });
    },
  };
}

/** What handlers have as `this`. */
function brokerFor(context: PluginContext, clients: Clients, isClosed: () => boolean): AedesBroker {
  return {
    get connectedClients() {
      return clients.connected;
    },
    get closed() {
      return isClosed();
    },
    publish: (packet, ...rest) => {
      // As in Aedes, a client may stand before the callback.
      const callback = rest.find((argument) => typeof argument === 'function');
      callBack(context.broker.publish(outgoingOf(packet)), callback);
    },
  };
}
