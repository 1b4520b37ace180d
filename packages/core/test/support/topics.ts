import fc from 'fast-check';

const level = fc.constantFrom('', 'a', 'b', 'c', 'ab', 'a-level-longer-than-twelve');

/** Topic names of few levels, so that they meet; some begin with $SYS. */
export const aTopic: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('', '', '', '$SYS/'), fc.array(level, { minLength: 1, maxLength: 4 }))
  .map(([prefix, levels]) => prefix + levels.join('/'))
  .filter((topic) => topic !== '');

/** Topic filters for such topics, with and without wildcards. */
export const aFilter: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '', '', '$SYS/'),
    fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }),
    fc.constantFrom('', '#'),
  )
  .map(([prefix, levels, end]) => prefix + [...levels, ...(end === '' ? [] : [end])].join('/'))
  .filter((filter) => filter !== '' && filter !== '$SYS/');
