import { type Reader, wrongValue } from './shape.ts';

/** A web site as browsers name it in the header Origin. */
export const webOrigin: Reader<string> = (value, place) => {
  if (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value) {
    return value;
  }
  throw wrongValue(value, place, 'a web site such as "https://app.example.org", without a path');
};

/** The path of a URL. */
export const webPath: Reader<string> = (value, place) => {
  if (typeof value !== 'string' || !value.startsWith('/')) {
    throw wrongValue(value, place, 'a path that begins with "/"');
  }
  return value;
};
