import { PacketType } from '@sluice/packet';
import { Answers } from '../../../packages/core/src/connection/answers.ts';
import { Router } from '../../../packages/core/src/routing/router.ts';
import { type Bug, replace } from '../../simulation/bugs/patch.ts';

/** Faults of the broker that a conversation shows: in what it answers, not in what it means. */
export const brokerFaults: readonly Bug[] = [
  {
    name: 'uncaught-in-answer',
    says: 'a PUBCOMP for the packet identifier 3 throws a TypeError',
    plant: () =>
      replace(
        Answers.prototype,
        'acknowledge',
        (acknowledge) =>
          function (this: Answers, type, packetId, reasonCode, durable) {
            if (type === PacketType.pubcomp && packetId === 3) {
              throw new TypeError('undefined is not a function');
            }
            acknowledge.call(this, type, packetId, reasonCode, durable);
          },
      ),
  },
  {
    name: 'no-answer',
    says: 'a PUBREC with a reason code is not sent',
    plant: () =>
      replace(
        Answers.prototype,
        'acknowledge',
        (acknowledge) =>
          function (this: Answers, type, packetId, reasonCode, durable) {
            if (type === PacketType.pubrec && reasonCode !== 0) return;
            acknowledge.call(this, type, packetId, reasonCode, durable);
          },
      ),
  },
  {
    name: 'route-left',
    says: 'a subscription to `a/#` with QoS 1 stays in the matcher when it ends',
    plant: () =>
      replace(
        Router.prototype,
        'remove',
        (remove) =>
          function (this: Router, subscription) {
            if (subscription.filter === 'a/#' && subscription.qos === 1) return;
            remove.call(this, subscription);
          },
      ),
  },
];
