import { type Reader, wrongValue } from './shape.ts';

/** A web site as browsers name it in the header Origin. */
export const webOrigin: Reader<string> = (value, place) => {
  if (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value) {
    return value;
  }
  throw wrongValue(value, place, 'a web site such as "https://app.example.org", without a path');
};

/** The path of a URL as it stands in a request: another one would be that of no client. */
export const webPath: Reader<string> = (value, place) => {
  if (typeof value !== 'string' || !value.startsWith('/')) {
    throw wrongValue(value, place, 'a path that begins with "/"');
  }
  const { pathname } = new URL(`ws://host${value}`);
  if (pathname === value) return value;
  throw wrongValue(value, place, `the path of a URL as clients send it, such as "${pathname}"`);
};
