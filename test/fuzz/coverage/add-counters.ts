import { parseAst } from 'vitest/node';
import { countersName } from './counters-name.ts';

/** A node of the syntax tree, as far as anything here looks at it. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Code with a counter at each place where it may go one way or the other. */
export interface CountedCode {
  readonly code: string;
  readonly counters: number;
}

/**
 * Adds `c[n]++` to every function, branch, case, loop and right side of `&&`, `||` and `??`, with n from `first` on. Lines stay
 * where they are.
 */
export function addCounters(source: string, first: number): CountedCode {
  const insertions: { readonly at: number; readonly order: number; readonly text: string }[] = [];
  let next = first;
  const insert = (at: number, text: string, order = insertions.length): void => {
    insertions.push({ at, order, text });
  };
  const count = (): string => `__c[${next++}]++`;
  const inExpression = (node: Node): void => {
    insert(node.start, `(${count()},`);
    // What ends here ends inside out.
    insert(node.end, ')', -insertions.length);
  };
  const inStatement = (node: Node): void => {
    if (node.type === 'BlockStatement') {
      insert(node.start + 1, `${count()};`);
      return;
    }
    insert(node.start, `{${count()};`);
    insert(node.end, '}', -insertions.length);
  };
  visit(parseAst(source, { lang: 'ts' }) as unknown as Node, (node) => {
    const { type, body, consequent, alternate, right } = node as unknown as Record<string, Node> & {
      type: string;
    };
    switch (type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        if (body) inStatement(body);
        break;
      case 'ArrowFunctionExpression':
        if (body?.type === 'BlockStatement') inStatement(body);
        else if (body) inExpression(body);
        break;
      case 'IfStatement':
        // Noted before what ends at the same place inside of it, and so written behind that.
        if (!alternate) insert(node.end, ` else {${count()}}`, -insertions.length);
        if (consequent) inStatement(consequent);
        if (alternate) inStatement(alternate);
        break;
      case 'ConditionalExpression':
        if (consequent) inExpression(consequent);
        if (alternate) inExpression(alternate);
        break;
      case 'LogicalExpression':
        if (right) inExpression(right);
        break;
      case 'SwitchCase': {
        const [statement] = node['consequent'] as Node[];
        if (statement) insert(statement.start, `${count()};`);
        break;
      }
      default:
    }
  });
  insertions.sort((one, other) => one.at - other.at || one.order - other.order);
  let code = `const __c=globalThis.${countersName}.use(${next});`;
  let at = 0;
  for (const insertion of insertions) {
    code += source.slice(at, insertion.at) + insertion.text;
    at = insertion.at;
  }
  return { code: code + source.slice(at), counters: next - first };
}

/** Every node, the outer ones first. */
function visit(node: Node, see: (node: Node) => void): void {
  see(node);
  for (const inner of Object.values(node)) {
    for (const one of Array.isArray(inner) ? inner : [inner]) {
      if (typeof one === 'object' && one !== null && 'type' in one) visit(one as Node, see);
    }
  }
}
