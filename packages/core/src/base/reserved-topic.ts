/** Where a bridge of Mosquitto tells with a retained message and a will whether it is connected. It does not connect without. */
const bridgeState = /^\$SYS\/broker\/connection\/.+\/state$/;

/** Whether a topic name is one that clients cannot publish to, whatever they may do otherwise (section 4.7.2). */
export function isReservedTopic(topic: string): boolean {
  if (topic.startsWith('$SYS/')) return !bridgeState.test(topic);
  return topic === '$SYS' || topic.startsWith('$share/');
}
