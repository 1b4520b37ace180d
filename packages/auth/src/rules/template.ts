import { isValidTopicFilter } from '@sluice/packet';
import type { Pattern } from './pattern.ts';
import { type Placeholder, placeholderText, type Subject } from './subject.ts';

/** A topic filter of a rule, which may hold `%c`, `%u` and `%{attribute}`. */
export interface Template {
  /** As the rule has it. */
  readonly text: string;
  readonly levels: readonly Level[];
  /** The pattern of every client, where there is no placeholder. */
  readonly constant: Pattern | undefined;
  /** Whether it depends on who the client is, rather than on what it calls itself. */
  readonly namesUser: boolean;
}

type Level = string | OpenLevel;

/** A level with a placeholder, such as `sensor-%c`. */
interface OpenLevel {
  readonly before: string;
  readonly placeholder: Placeholder;
  readonly after: string;
}

/** Parses the filter of a rule. `refuse` makes the error from what is wrong with it. */
export function parseTemplate(text: string, refuse: (problem: string) => Error): Template {
  if (!isValidTopicFilter(text)) {
    throw refuse(
      'is not a topic filter; "+" and "#" stand alone in their level, "#" in the last one',
    );
  }
  const levels = text.split('/').map((level) => parseLevel(level, refuse));
  const [first] = levels;
  if (first === '$share') {
    throw refuse(
      'begins with $share; write the filter without "$share/<name>/", it covers shared subscriptions too',
    );
  }
  if (typeof first === 'object' && first.before.startsWith('$')) {
    throw refuse('has a placeholder in a level that begins with $; write the level out');
  }
  return {
    text,
    levels,
    constant: levels.every((level) => typeof level === 'string') ? (levels as Pattern) : undefined,
    namesUser: levels.some((level) => typeof level === 'object' && level.placeholder !== 'c'),
  };
}

function parseLevel(text: string, refuse: (problem: string) => Error): Level {
  const parts: string[] = [''];
  const placeholders: Placeholder[] = [];
  for (const [token, attribute, letter] of text.matchAll(/%\{([^{}]+)\}|%(.?)|[^%]+/gsu)) {
    if (attribute !== undefined || letter === 'c' || letter === 'u') {
      placeholders.push(attribute === undefined ? (letter as 'c' | 'u') : { attribute });
      parts.push('');
    } else if (letter === undefined || letter === '%') {
      parts[parts.length - 1] += letter ?? token;
    } else {
      throw refuse(
        'has a "%" that begins neither %c nor %u nor %{attribute}; write %% for a percent sign',
      );
    }
  }
  const [before = '', after = ''] = parts;
  const [placeholder] = placeholders;
  if (placeholder === undefined) return before;
  // With two in a level, "%u-%c" of user "a" and client "b-c" would be that of user "a-b" and client "c".
  if (placeholders.length > 1) {
    throw refuse('has two placeholders in one level; put a "/" between them');
  }
  return { before, placeholder, after };
}

/**
 * The pattern that is allowed to a client. Undefined when a value is missing or empty, holds `+`, `#`, `/` or
 * U+0000, or would begin a topic with `$`: such a value never gains anything.
 */
export function fillForAllow(template: Template, subject: Subject): Pattern | undefined {
  if (template.constant !== undefined) return template.constant;
  const pattern: string[] = [];
  for (const level of template.levels) {
    if (typeof level === 'string') {
      pattern.push(level);
      continue;
    }
    const value = placeholderText(level.placeholder, subject);
    if (value === undefined || !isOneLevel(value)) return undefined;
    const filled = level.before + value + level.after;
    if (pattern.length === 0 && filled.startsWith('$')) return undefined;
    pattern.push(filled);
  }
  return pattern;
}

/**
 * The pattern that is denied to a client. A value goes in as it is: a wildcard in it denies more, and so
 * does a separator, below which everything is denied; one that is missing stands for any. So no choice of a
 * name, and no lack of an attribute, escapes a denial.
 */
export function fillForDeny(template: Template, subject: Subject): Pattern {
  if (template.constant !== undefined) return template.constant;
  const pattern: string[] = [];
  for (const level of template.levels) {
    if (typeof level === 'string') {
      pattern.push(level);
      if (level === '#') return pattern;
      continue;
    }
    const value = placeholderText(level.placeholder, subject);
    if (value === undefined) {
      pattern.push('+');
      continue;
    }
    const filled = level.before + value + level.after;
    const slash = value.indexOf('/');
    const cut = slash < 0 ? filled : filled.slice(0, filled.indexOf('/'));
    pattern.push(cut);
    if (cut === '#') return pattern;
    if (slash >= 0) return [...pattern, '#'];
  }
  return pattern;
}

function isOneLevel(value: string): boolean {
  return value !== '' && !/[+#/\0]/.test(value);
}
