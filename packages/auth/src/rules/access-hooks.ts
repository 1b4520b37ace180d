import { ReasonCode } from '@sluice/packet';
import {
  type Allow,
  type AuthorizeSubscribeGrant,
  allow,
  type Deny,
  deny,
  type PluginContext,
} from '@sluice/plugin';
import type { AccessControl } from './access-control.ts';

const notAuthorized: Deny = Object.freeze(deny(ReasonCode.notAuthorized));
// Shared verdicts: a message allocates none.
const upTo: readonly Allow<AuthorizeSubscribeGrant>[] = ([0, 1, 2] as const).map((maximumQos) =>
  Object.freeze(allow({ maximumQos })),
);

/** Lets rules decide what is published, subscribed to and delivered. `control` answers the rules of now. */
export function registerAccessHooks(context: PluginContext, control: () => AccessControl): void {
  context.hook(
    'authorizePublish',
    ({ client, message: { topic, qos, retain } }) =>
      control().of(client).mayPublish(topic, qos, retain) ? allow() : notAuthorized,
    { keepsMessages: false },
  );
  context.hook('authorizeSubscribe', ({ client, subscription }) => {
    const qos = control().of(client).grantedQos(subscription.filter);
    return qos === undefined ? notAuthorized : (upTo[qos] as Allow<AuthorizeSubscribeGrant>);
  });
  context.hook(
    'authorizeDeliver',
    ({ client, message }) =>
      control().of(client).mayReceive(message.topic) ? allow() : notAuthorized,
    { keepsMessages: false },
  );
}
