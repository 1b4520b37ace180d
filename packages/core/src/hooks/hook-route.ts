import type { RouteAddition, RouteChanges, RouteEvent, RouteReceiver } from '@sluice/plugin';
import { isDrop } from '@sluice/plugin';
import { checkLowerQos, refused, refuseUnknownFields } from './change-message.ts';
import type { RouteRunner } from './hook-runners.ts';
import { transformNowRunner } from './hook-transform.ts';
import type { RegisteredHook } from './registered-hook.ts';

/** What a hook sees: those that earlier hooks added are receivers like the others. */
interface RouteView extends RouteEvent {
  readonly added?: ReadonlySet<RouteReceiver>;
}

const fields: ReadonlySet<string> = new Set<keyof RouteChanges>(['add', 'remove']);
const additionFields: ReadonlySet<string> = new Set<keyof RouteAddition>(['clientId', 'qos']);

/** Makes the runner of `route`: what the hooks remove and add is put together; undefined without hooks. */
export function routeRunner(hooks: readonly RegisteredHook[]): RouteRunner | undefined {
  const run = transformNowRunner<RouteView>(hooks, applyRoute);
  if (run === undefined) return undefined;
  return (event) => {
    const view = run(event);
    if (isDrop(view) || view.added === undefined) return view as RouteEvent;
    const { client, message, receivers, added } = view;
    return {
      client,
      message,
      receivers: receivers.filter((receiver) => !added.has(receiver)),
      added: receivers.filter((receiver) => added.has(receiver)),
    };
  };
}

/** Other receivers. Who gets the message already is not added again. */
function applyRoute(event: RouteView, changes: RouteChanges): RouteView {
  refuseUnknownFields(changes, fields);
  const { client, message } = event;
  const receivers = new Set(event.receivers);
  for (const receiver of listOf<RouteReceiver>('remove', changes.remove)) {
    // A copy would be passed over, and the message would arrive nevertheless.
    if (!receivers.delete(receiver)) throw refused('remove has an entry that is no receiver');
  }
  const added = new Set(event.added);
  const additions = listOf<RouteAddition>('add', changes.add);
  if (additions.length > 0) {
    const served = new Set(Array.from(receivers, ({ clientId }) => clientId));
    for (const addition of additions) {
      const receiver = readAddition(addition, event);
      if (served.has(receiver.clientId)) continue;
      served.add(receiver.clientId);
      receivers.add(receiver);
      added.add(receiver);
    }
  }
  return { client, message, receivers: [...receivers], added };
}

function readAddition(addition: RouteAddition, { message }: RouteView): RouteReceiver {
  if (typeof addition !== 'object' || addition === null) {
    throw refused('add has an entry that is no object');
  }
  refuseUnknownFields(addition, additionFields);
  const { clientId, qos = message.qos } = addition;
  if (typeof clientId !== 'string' || clientId === '') {
    throw refused('add has an entry without a clientId');
  }
  checkLowerQos(qos, message.qos);
  return { clientId, sharedFilter: undefined, qos };
}

function listOf<Entry>(name: string, list: readonly Entry[] | undefined): readonly Entry[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw refused(`${name} is no list`);
  return list;
}
