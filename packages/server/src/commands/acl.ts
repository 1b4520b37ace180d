import type { AccessQuestion, Explanation } from '@sluice/auth';
import { BrokerError } from '@sluice/plugin';
import { authOf } from '../auth-of.ts';
import { printable } from '../printable.ts';
import { tellError } from '../tell-error.ts';
import type { Terminal } from '../terminal.ts';
import { readAclArguments } from './acl-arguments.ts';

/** Says what the access rules decide, and which rule it is. Exit code 0: allowed, 1: denied, 2: it could not tell. */
export async function acl(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const { question, config } = readAclArguments(args, terminal.environment);
    if (config.rules === undefined) {
      throw new BrokerError(
        'SLUICE_NO_RULES',
        'No rules are configured, so that everybody may do everything: name them with --rules or --config.',
      );
    }
    const plugin = await authOf(config, true);
    await plugin?.load();
    const explanation = plugin?.explain(question) as Explanation;
    terminal.output.write(`${linesOf(question, explanation).join('\n')}\n`);
    return explanation.allowed ? 0 : 1;
  } catch (error) {
    tellError(error, terminal);
    return 2;
  }
}

function linesOf(question: AccessQuestion, explanation: Explanation): string[] {
  const { action, topic, identity, clientId, retain } = question;
  const { allowed, rule, reason, grantedQos } = explanation;
  const level = grantedQos ?? (action === 'publish' ? (question.qos ?? 0) : undefined);
  const what = [
    `${action} ${topic}`,
    ...(level === undefined ? [] : [`QoS ${level}`]),
    ...(action === 'publish' && retain ? ['retained'] : []),
  ];
  const who = [
    identity === undefined ? 'an anonymous client' : `user ${identity}`,
    ...(clientId === undefined ? [] : [`client ${clientId}`]),
  ];
  const lines = [
    `${allowed ? 'allowed' : 'denied '}  ${what.join(', ')}`,
    `for      ${who.join(', ')}`,
  ];
  if (rule !== undefined) {
    const { source, line, index, effect, pattern } = rule;
    const filled = pattern === rule.topic ? '' : `, here ${pattern}`;
    const place = line === undefined ? source : `${source}:${line}`;
    lines.push(`by       ${place} rules[${index}]: ${effect} ${rule.topic}${filled}`);
  }
  return [...lines, `because  ${reason}`].map(printable);
}
