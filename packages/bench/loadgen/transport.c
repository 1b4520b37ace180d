// How bytes of mqload.c travel: over TCP, inside TLS or inside WebSocket frames. TLS is there when it was
// compiled with -DWITH_TLS and OpenSSL, so that all other loads need no library.
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *tls_context;
static void tls_open(conn *c) {
  if (!tls_context) {
    tls_context = SSL_CTX_new(TLS_client_method());  // who the broker is does not matter here
    SSL_CTX_set_mode(tls_context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  c->tls = SSL_new(tls_context);
  SSL_set_fd(c->tls, c->fd);
  if (SSL_connect(c->tls) != 1) die("the TLS handshake failed");
}
// What recv or send would return: a count, 0 at the end, or -1 with errno.
static ssize_t tls_result(conn *c, int n) {
  if (n > 0) return n;
  int e = SSL_get_error(c->tls, n);
  if (e == SSL_ERROR_ZERO_RETURN) return 0;
  errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
  return -1;
}
static int tls_pending(conn *c) { return c->tls ? SSL_pending(c->tls) : 0; }
#else
static void tls_open(conn *c) {
  (void)c;
  die("it was compiled without TLS");
}
static int tls_pending(conn *c) {
  (void)c;
  return 0;
}
#endif
static ssize_t receive(conn *c, uint8_t *to, int n) {
#ifdef WITH_TLS
  // A record has 16 KB at most: several make a read as long as one of TCP.
  ssize_t sum = 0, k = 0;
  if (c->tls) {
    while (sum < n && (k = tls_result(c, SSL_read(c->tls, to + sum, n - sum))) > 0) sum += k;
    return sum ? sum : k;
  }
#endif
  return recv(c->fd, to, n, 0);
}
static ssize_t transmit(conn *c, const uint8_t *from, int n) {
  // Reads of the broker then end anywhere inside a packet.
  if (cut && n > cut) n = cut;
#ifdef WITH_TLS
  if (c->tls) return tls_result(c, SSL_write(c->tls, from, n));
#endif
  return send(c->fd, from, n, MSG_NOSIGNAL);
}
// ---- WebSocket (RFC 6455), one binary frame for each flush
static void ws_open(conn *c) {
  char answer[2048];
  static const char request[] =
      "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
  if (send(c->fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) die("send: %s", strerror(errno));
  int n = 0;
  // One byte at a time: what follows the answer are frames.
  while (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4)) {
    if (n == sizeof answer || recv(c->fd, answer + n, 1, 0) != 1)
      die("the broker answered no WebSocket handshake");
    n++;
  }
  if (memcmp(answer, "HTTP/1.1 101", 12)) die("the broker refused the WebSocket: %.12s", answer);
}
// Puts what was added since the last call into a frame. The mask is zero: the broker has to apply it
// just the same, and the bytes need not be copied here.
static void ws_wrap(conn *c) {
  uint32_t n = c->wlen - c->framed;
  if (!n) return;
  int size = n < 126 ? 6 : n < 65536 ? 8 : 14;
  wres(c, size);
  uint8_t *p = c->w + c->framed;
  memmove(p + size, p, n);
  memset(p, 0, size);
  p[0] = 0x82;
  p[1] = 0x80 | (n < 126 ? n : n < 65536 ? 126 : 127);
  int bytes = size - 6;
  for (int i = 0; i < bytes && i < 4; i++) p[1 + bytes - i] = n >> (8 * i);
  c->wlen += size;
  c->framed = c->wlen;
}
// Takes the frames off in place, and returns how many bytes of MQTT are left; -1 for a close.
static int ws_unwrap(conn *c, uint8_t *b, int n) {
  int out = 0, i = 0;
  while (i < n) {
    if (c->frame_left) {
      int k = (uint64_t)(n - i) < c->frame_left ? n - i : (int)c->frame_left;
      // Pings carry nothing for us: their bytes are left out.
      if ((c->frame[0] & 15) < 8) {
        memmove(b + out, b + i, k);
        out += k;
      }
      c->frame_left -= k;
      i += k;
      continue;
    }
    c->frame[c->frame_have++] = b[i++];
    if (c->frame_have < 2) continue;
    int l = c->frame[1] & 127, size = l < 126 ? 2 : l == 126 ? 4 : 10;
    if (c->frame_have < size) continue;
    uint64_t length = l < 126 ? l : 0;
    for (int k = 2; k < size; k++) length = length << 8 | c->frame[k];
    if ((c->frame[0] & 15) == 8) return -1;
    c->frame_left = length;
    c->frame_have = 0;
  }
  return out;
}
