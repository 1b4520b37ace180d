import { allow, BrokerError, deny, type Plugin } from '@sluice/plugin';
import { resolveOptions, type SysOptions } from './options.ts';
import { Publisher } from './publisher.ts';

/**
 * Publishes what the broker counts below `$SYS/broker/`, and keeps clients from subscribing there that must not. Throws a
 * BrokerError SLUICE_SYS_OPTIONS.
 */
export function sys(options: SysOptions = {}): Plugin {
  const { intervalMs, mayRead } = resolveOptions(options);
  return {
    name: 'sys',
    setup({ hook, broker, clock, reportError }) {
      const publisher = new Publisher(broker, clock, intervalMs, (error) => {
        // The last update of a broker that closes meanwhile.
        if (!(error instanceof BrokerError && error.code === 'SLUICE_CLOSED')) reportError(error);
      });
      hook('start', () => publisher.start());
      hook('close', () => publisher.stop());
      hook(
        'authorizeSubscribe',
        ({ client }) => {
          // No opinion: what no access rule allows is denied, also where there is none.
          if (mayRead === undefined) return undefined;
          // A promise is no yes, although it is truthy.
          return mayRead(client) === true ? allow() : deny();
        },
        { filter: { topic: '$SYS/#' }, leavesOthers: true },
      );
    },
  };
}
