/** Whether a topic name is one that clients cannot publish to, whatever they may do otherwise (section 4.7.2). */
export function isReservedTopic(topic: string): boolean {
  return topic.startsWith('$SYS/') || topic === '$SYS' || topic.startsWith('$share/');
}
