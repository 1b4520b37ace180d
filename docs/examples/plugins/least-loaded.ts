// A shared subscription gives each message to the member that has least to do, instead of taking turns.
import { createBroker } from '@sluice/core';
import type { Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export function leastLoaded(): Plugin {
  return {
    name: 'least-loaded',
    setup(context) {
      context.hook('selectShared', ({ members }) => {
        let least = members[0];
        for (const member of members) {
          if (least === undefined || Number(member.ready) > Number(least.ready)) least = member;
          else if (member.ready === least.ready && member.unacknowledged < least.unacknowledged) {
            least = member;
          }
        }
        return least?.clientId;
      });
    },
  };
}

export async function start(options: StartOptions): Promise<Running> {
  return serve(await createBroker({ plugins: [leastLoaded()] }), options);
}

await runIfMain(import.meta, start);
