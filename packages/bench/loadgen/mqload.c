// MQTT load generator and checker: one thread, epoll, no dependencies. It includes durable.c, which
// has the loads on durable sessions, and transport.c, which has TLS and WebSocket, so that one call of a
// compiler on one file makes it. For TLS add -DWITH_TLS -lssl -lcrypto.
//
//   cc -O2 -o mqload mqload.c && ./mqload SCENARIO [--option value ...]
//
// It is C because a client in Node costs as much per message as the broker that it is to measure.
// It connects to 127.0.0.1 only and prints one line of JSON. Every payload carries the number of
// its publisher and a sequence number: lost, repeated, reordered and misrouted messages,
// acknowledgements that are missing or fit no packet, and connections that break are counted, and
// "ok" is true only when there are none.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RB (512 * 1024)
#define SENT_AT 4096
#define NOISE (1 << 20)
typedef struct conn conn;
struct conn {
  int fd, idx, role;  // role: see R_*
  int up;  // 0 connecting, 1 CONNECT sent, 2 CONNACK got, 3 ready (SUBACK got), -1 closed
  int evout;
  uint8_t *part;
  int plen, pcap;  // partial inbound packet
  uint8_t *w;
  int wlen, woff, wcap;
  uint16_t pid;
  int inflight;                     // QoS>0 publisher
  uint64_t *sent_at;                // by packet id mod SENT_AT, where acknowledgements are timed
  uint8_t *ids;                     // by packet id: what of our own PUBLISH is awaited, see W_*
  uint8_t *unreleased;              // by packet id: 1 from an incoming QoS 2 PUBLISH to its PUBREL
  uint64_t sent, acked, delivered;  // publisher
  uint64_t got;                     // subscriber
  uint32_t *last;                   // subscriber: last seq by publisher
  char *topic;
  int tlen;
  uint32_t seq;
  uint64_t t0;
  int sub_done;
  void *tls;
  int framed;                          // bytes of w that are in WebSocket frames
  uint8_t frame[10], frame_have;       // header of the frame that is being read
  uint64_t frame_left;                 // bytes of it that are still to come
};
enum { R_PUB = 1, R_SUB, R_PING, R_ECHO, R_BULK, R_STORM, R_DUR };
enum { W_NOTHING, W_PUBACK, W_PUBREC, W_PUBCOMP };

// ---- options
static const char *scen, *label = "";
static int port = 1883, npub = 50, nsub = 1, qos = 0, payload = 32, window_ = 1000, inflight_ = 50,
           v5 = 0, raw = 0, cpu = -1;
static int bpid = 0, nconn = 10000, conc = 100, nclients = 1, retries = 20, perclient = 1000,
           subbatch = 100, drainms = 4000, batchmax = 0, noisy = 0, offline = 0, tls = 0, ws = 0, cut = 0,
           props = 0, alias = 0, overlap = 0;
static double secs = 4, warm = 1, limit = 60;
static uint64_t since = 0;
static long total = 100000, ntopics = 0;
static const char *scratch_prefix = "b";

static int ep;
static uint8_t *rbuf;
static conn **conns;
static int nconns, capconns;
static uint64_t tot_sent, tot_recv, tot_acked, tot_bytes_in, tot_bytes_out, dup_or_reorder, gaps,
    closed_unexpected, errors_, wrong_qos, tot_sub, tot_suback, suback_fail, puback_fail;
static uint64_t tot_qos2done;
static int measuring, stop_pub, nready;
static uint64_t hist[64 * 32];
static uint64_t lat_n, lat_max;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *f, ...) {
  va_list a;
  va_start(a, f);
  printf("{\"error\":\"");
  vprintf(f, a);
  printf("\"}\n");
  va_end(a);
  exit(1);
}
static void hist_reset(void) {
  memset(hist, 0, sizeof hist);
  lat_n = lat_max = 0;
}
static void hist_add(uint64_t ns) {
  if (ns > lat_max) lat_max = ns;
  int e = 63 - __builtin_clzll(ns | 1);
  int b = e < 5 ? (int)ns : (e - 4) * 32 + (int)((ns >> (e - 5)) & 31);
  hist[b]++;
  lat_n++;
}
static double hist_pct(double p) {
  uint64_t want = (uint64_t)(lat_n * p), c = 0;
  for (int b = 0; b < 64 * 32; b++) {
    c += hist[b];
    if (c > want) {
      int e = b / 32 + 4, m = b % 32;
      return b < 32 ? b / 1e3 : ((double)(((uint64_t)32 + m) << (e - 5))) / 1e3;
    }
  }
  return lat_max / 1e3;
}
// ---- broker process figures
static double tick, last_sys;
// Nanoseconds that the live threads of a process ran, from the scheduler; 0 where the kernel does
// not tell.
static uint64_t scheduled_ns(int pid) {
  char p[64 + 256];
  snprintf(p, sizeof p, "/proc/%d/task", pid);
  DIR *d = opendir(p);
  if (!d) return 0;
  uint64_t sum = 0;
  struct dirent *e;
  while ((e = readdir(d))) {
    if (e->d_name[0] == '.') continue;
    snprintf(p, sizeof p, "/proc/%d/task/%s/schedstat", pid, e->d_name);
    FILE *f = fopen(p, "r");
    if (!f) continue;
    unsigned long ns;
    if (fscanf(f, "%lu", &ns) == 1) sum += ns;
    fclose(f);
  }
  closedir(d);
  return sum;
}
// Seconds that a process ran, all its threads. The scheduler's count is used because that of the
// process comes in ticks of 10 ms, too coarse for a phase that takes 50.
static double cpu_of(int pid) {
  if (!pid) return 0;
  char p[64], b[1024];
  snprintf(p, sizeof p, "/proc/%d/stat", pid);
  FILE *f = fopen(p, "r");
  if (!f) return 0;
  size_t n = fread(b, 1, sizeof b - 1, f);
  fclose(f);
  b[n] = 0;
  char *q = strrchr(b, ')');
  unsigned long u, s;
  if (!q || sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) != 2)
    return 0;
  last_sys = s / tick;
  uint64_t ns = scheduled_ns(pid);
  return ns ? ns / 1e9 : (u + s) / tick;
}
static long status_kb(int pid, const char *key) {
  if (!pid) return 0;
  char p[64], l[256];
  snprintf(p, sizeof p, "/proc/%d/status", pid);
  FILE *f = fopen(p, "r");
  if (!f) return 0;
  long v = 0;
  size_t kl = strlen(key);
  while (fgets(l, sizeof l, f))
    if (!strncmp(l, key, kl) && l[kl] == ':') {
      v = atol(l + kl + 1);
      break;
    }
  fclose(f);
  return v;
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

// ---- output buffer
static uint8_t *wres(conn *c, int n) {
  if (c->wlen + n > c->wcap) {
    int k = c->wcap ? c->wcap : 256;
    while (k < c->wlen + n) k *= 2;
    c->w = realloc(c->w, k);
    c->wcap = k;
  }
  return c->w + c->wlen;
}
static void arm(conn *c, int out) {
  if (c->evout == out) return;
  c->evout = out;
  struct epoll_event e = {EPOLLIN | (out ? EPOLLOUT : 0), {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void closed(conn *c) {
  if (c->up < 0) return;
  c->up = -1;
  close(c->fd);
  closed_unexpected++;
}
#include "transport.c"
static void flush(conn *c) {
  if (ws) ws_wrap(c);
  while (c->woff < c->wlen) {
    ssize_t n = transmit(c, c->w + c->woff, c->wlen - c->woff);
    if (n < 0) {
      if (errno == EAGAIN) {
        arm(c, 1);
        return;
      }
      closed(c);
      return;
    }
    c->woff += n;
    tot_bytes_out += n;
  }
  c->woff = c->wlen = c->framed = 0;
  arm(c, 0);
}
static int putvar(uint8_t *p, uint32_t v) {
  int i = 0;
  do {
    uint8_t b = v & 127;
    v >>= 7;
    if (v) b |= 128;
    p[i++] = b;
  } while (v);
  return i;
}
// What follows the first 16 bytes of a payload: with --noise bytes that a store cannot compress,
// different ones in messages that follow each other.
static uint8_t *noise;
static void make_noise(void) {
  uint64_t x = 88172645463325252ull;
  noise = malloc(NOISE);
  for (int i = 0; i < NOISE; i += 8) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    memcpy(noise + i, &x, 8);
  }
}
static const uint8_t *noise_of(uint32_t seq) { return noise + seq * 1031u % (NOISE - payload); }
static void q_connect(conn *c, const char *id, int clean) {
  int l = strlen(id);
  uint8_t *p = wres(c, 64 + l);
  uint8_t *s = p;
  *p++ = 0x10;
  int rl = 10 + (v5 ? 1 : 0) + 2 + l;
  if (v5 && !clean) rl += 5;
  p += putvar(p, rl);
  *p++ = 0;
  *p++ = 4;
  memcpy(p, "MQTT", 4);
  p += 4;
  *p++ = v5 ? 5 : 4;
  *p++ = clean ? 2 : 0;
  *p++ = 2;
  *p++ = 88;  // keepalive 600
  if (v5) {
    if (!clean) {
      *p++ = 5;
      *p++ = 0x11;
      *p++ = 0;
      *p++ = 0;
      *p++ = 0x0e;
      *p++ = 0x10;
    } else
      *p++ = 0;
  }
  *p++ = l >> 8;
  *p++ = l;
  memcpy(p, id, l);
  p += l;
  c->wlen += p - s;
}
static void q_sub1(conn *c, const char *f, int q) {
  int l = strlen(f);
  uint8_t *p = wres(c, 32 + l), *s = p;
  *p++ = 0x82;
  p += putvar(p, 2 + (v5 ? 1 : 0) + 2 + l + 1);
  *p++ = 0;
  *p++ = 1;
  if (v5) *p++ = 0;
  *p++ = l >> 8;
  *p++ = l;
  memcpy(p, f, l);
  p += l;
  *p++ = q;
  c->wlen += p - s;
}
// Filters of one client that all match the topics of fanin.
static void q_sub_overlapping(conn *c, int q) {
  static const char *filters[] = {"bench/in/#", "bench/#", "bench/+/+/#", "+/in/#"};
  int rl = 2 + (v5 ? 1 : 0);
  for (int i = 0; i < 4; i++) rl += 3 + strlen(filters[i]);
  uint8_t *p = wres(c, rl + 5), *s = p;
  *p++ = 0x82;
  p += putvar(p, rl);
  *p++ = 0;
  *p++ = 1;
  if (v5) *p++ = 0;
  for (int i = 0; i < 4; i++) {
    int l = strlen(filters[i]);
    *p++ = 0;
    *p++ = l;
    memcpy(p, filters[i], l);
    p += l;
    *p++ = q;
  }
  c->wlen += p - s;
}
static void q_ack(conn *c, uint8_t h, const uint8_t *pid) {
  uint8_t *p = wres(c, 4);
  p[0] = h;
  p[1] = 2;
  p[2] = pid[0];
  p[3] = pid[1];
  c->wlen += 4;
}
// A content type and a user property, as --props sends them.
static const uint8_t two_properties[] = "\x03\0\x0atext/plain\x26\0\x06origin\0\x05" "bench";
enum { TWO_PROPERTIES = sizeof two_properties - 1 };
// payload: u64 timestamp (0 = not sampled), u32 publisher, u32 seq, filler
static void q_pub(conn *c, const char *topic, int tl, int q, int retain, uint64_t ts) {
  // A publisher has one topic: the first message gives it its alias, the others have only that.
  if (alias && c->seq > 0) tl = 0;
  int pl = (props ? TWO_PROPERTIES : 0) + (alias ? 3 : 0);
  int rl = 2 + tl + (q ? 2 : 0) + (v5 ? 1 + pl : 0) + payload;
  uint8_t *p = wres(c, rl + 8), *s = p;
  *p++ = 0x30 | q << 1 | retain;
  p += putvar(p, rl);
  *p++ = tl >> 8;
  *p++ = tl;
  memcpy(p, topic, tl);
  p += tl;
  if (q) {
    if (++c->pid == 0) c->pid = 1;
    if (!c->ids) c->ids = calloc(65536, 1);
    if (c->ids[c->pid] != W_NOTHING) errors_++;  // still not acknowledged, 65,535 messages later
    c->ids[c->pid] = q == 1 ? W_PUBACK : W_PUBREC;
    *p++ = c->pid >> 8;
    *p++ = c->pid;
  }
  if (v5) *p++ = pl;
  if (props) {
    memcpy(p, two_properties, TWO_PROPERTIES);
    p += TWO_PROPERTIES;
  }
  if (alias) {
    memcpy(p, "\x23\0\x01", 3);
    p += 3;
  }
  uint32_t id = c->idx, sq = ++c->seq;
  memcpy(p, &ts, 8);
  memcpy(p + 8, &id, 4);
  memcpy(p + 12, &sq, 4);
  if (noise)
    memcpy(p + 16, noise_of(sq), payload - 16);
  else
    memset(p + 16, 'x', payload - 16);
  p += payload;
  c->wlen += p - s;
  c->sent++;
  tot_sent++;
}
// ---- connections
static int srcn = 0;
// A connection, or null when nothing listens.
static conn *dial_if_listening(int role, int idx) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket: %s", strerror(errno));
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in s = {.sin_family = AF_INET};
  s.sin_addr.s_addr = htonl(0x7f000002u + (srcn++ % 16));
  bind(fd, (void *)&s, sizeof s);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(0x7f000001u);
  if (connect(fd, (void *)&a, sizeof a) < 0) {  // blocking connect: loopback
    if (errno != ECONNREFUSED) die("connect: %s", strerror(errno));
    close(fd);
    return 0;
  }
  conn *c = calloc(1, sizeof *c);
  c->fd = fd;
  c->role = role;
  c->idx = idx;
  if (tls) tls_open(c);
  if (ws) ws_open(c);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  if (nconns == capconns) {
    capconns = capconns ? capconns * 2 : 64;
    conns = realloc(conns, capconns * sizeof *conns);
  }
  conns[nconns++] = c;
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
  return c;
}
static conn *dial(int role, int idx) {
  conn *c = dial_if_listening(role, idx);
  if (!c) die("connect: %s", strerror(ECONNREFUSED));
  return c;
}
static conn **pubs;
static int npubs_;   // by publisher index
static int fan = 1;  // deliveries for each publish
static void (*on_publish)(conn *, const uint8_t *topic, int tl, uint32_t publisher,
                          uint32_t seq) = 0;
static int time_acks = 0;  // latency is that of acknowledgements, not of deliveries
static int want_qos = -1, want_retain = 0;  // of what is delivered; -1: any
static void (*on_ready)(conn *) = 0;
static uint64_t tnow;
static char sub_filter[256];
static int sub_qos;
static void got_publish(conn *c, uint8_t h, const uint8_t *p, int n) {
  int q = (h >> 1) & 3, tl = p[0] << 8 | p[1];
  const uint8_t *pid = p + 2 + tl;
  int o = 2 + tl + (q ? 2 : 0);
  if (v5) {
    uint32_t l = 0;
    int sh = 0;
    uint8_t b;
    do {
      b = p[o++];
      l |= (b & 127) << sh;
      sh += 7;
    } while (b & 128);
    // Both are to arrive as they were sent.
    if (props && (l != TWO_PROPERTIES || memcmp(p + o, two_properties, l))) errors_++;
    o += l;
  }
  const uint8_t *pl = p + o;
  int pn = n - o;
  if (q == 1) q_ack(c, 0x40, pid);
  if (q == 2) {
    if (!c->unreleased) c->unreleased = calloc(65536, 1);
    uint8_t *u = &c->unreleased[pid[0] << 8 | pid[1]];
    if (*u) errors_++;  // the id is used again before its PUBREL
    *u = 1;
    q_ack(c, 0x50, pid);
  }
  if (want_qos >= 0 && q != want_qos) wrong_qos++;
  if ((h & 1) != want_retain) errors_++;
  tot_recv++;
  c->got++;
  if (pn < 16) {
    errors_++;
    return;
  }
  uint64_t ts;
  uint32_t id, sq;
  memcpy(&ts, pl, 8);
  memcpy(&id, pl + 8, 4);
  memcpy(&sq, pl + 12, 4);
  if (pn != payload)
    errors_++;
  else if (noise ? memcmp(pl + 16, noise_of(sq), pn - 16) : pn > 16 && pl[pn - 1] != 'x')
    errors_++;
  if (ts && measuring && !time_acks) hist_add(tnow - ts);
  if (c->last && (int)id < npubs_) {
    uint32_t l = c->last[id];
    if (sq != l + 1) {
      if (sq <= l)
        dup_or_reorder++;
      else
        gaps += sq - l - 1;
    }
    if (sq > l) c->last[id] = sq;
  }
  if (pubs && (int)id < npubs_) pubs[id]->delivered++;
  if (on_publish) on_publish(c, p + 2, tl, id, sq);
}
static int connack_sp;
// Moves a packet id of our own on; an acknowledgement that fits nothing we sent is an error.
static int ack_step(conn *c, const uint8_t *p, int n, int from, int to) {
  unsigned id = n >= 2 ? p[0] << 8 | p[1] : 0;
  if (!c->ids || c->ids[id] != from) {
    errors_++;
    return 0;
  }
  c->ids[id] = to;
  return 1;
}
static void ack_done(conn *c, const uint8_t *p) {
  if (c->sent_at && measuring) hist_add(tnow - c->sent_at[(p[0] << 8 | p[1]) % SENT_AT]);
  c->inflight--;
  c->acked++;
  tot_acked++;
}
static void packet(conn *c, uint8_t h, const uint8_t *p, int n) {
  switch (h >> 4) {
    case 2:
      if (n < 2 || p[1] != 0) {
        errors_++;
        fprintf(stderr, "CONNACK code %d\n", p[1]);
        closed(c);
        return;
      }
      connack_sp += p[0] & 1;
      c->up = 2;
      if (c->role == R_SUB && sub_filter[0]) {
        char f[300];
        snprintf(f, sizeof f, sub_filter, c->idx);
        if (overlap)
          q_sub_overlapping(c, sub_qos);
        else
          q_sub1(c, f, sub_qos);
      } else {
        c->up = 3;
        nready++;
        if (on_ready) on_ready(c);
      }
      break;
    case 3: got_publish(c, h, p, n); break;
    case 4:  // PUBACK
      if (ack_step(c, p, n, W_PUBACK, W_NOTHING)) ack_done(c, p);
      if (v5 && n > 2 && p[2] >= 0x80) puback_fail++;
      break;
    case 5:  // PUBREC, to be answered by PUBREL
      if (v5 && n > 2 && p[2] >= 0x80) {
        puback_fail++;
        if (ack_step(c, p, n, W_PUBREC, W_NOTHING)) ack_done(c, p);
      } else if (ack_step(c, p, n, W_PUBREC, W_PUBCOMP))
        q_ack(c, 0x62, p);
      break;
    case 6: {  // PUBREL, to be answered by PUBCOMP
      unsigned id = n >= 2 ? p[0] << 8 | p[1] : 0;
      if (!c->unreleased || !c->unreleased[id])
        errors_++;
      else {
        c->unreleased[id] = 0;
        tot_qos2done++;
      }
      q_ack(c, 0x70, p);
      break;
    }
    case 7:  // PUBCOMP
      if (ack_step(c, p, n, W_PUBCOMP, W_NOTHING)) ack_done(c, p);
      break;
    case 9: {
      int k = 2 + (v5 ? 1 : 0);
      for (int i = k; i < n; i++) {
        tot_suback++;
        if (p[i] >= 0x80) suback_fail++;
      }
      c->inflight--;
      if (c->up == 2) {
        c->up = 3;
        nready++;
        if (on_ready) on_ready(c);
      }
      break;
    }
    case 14:
      fprintf(stderr, "DISCONNECT from broker, reason %d\n", n ? p[0] : 0);
      errors_++;
      break;
    default: break;
  }
}
static void on_read(conn *c) {
  int keepn = c->plen;
  if (keepn) memcpy(rbuf, c->part, keepn);
  ssize_t n = receive(c, rbuf + keepn, RB - keepn);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) return;
    closed(c);
    return;
  }
  tot_bytes_in += n;
  if (ws && (n = ws_unwrap(c, rbuf + keepn, n)) < 0) {
    closed(c);
    return;
  }
  int len = keepn + n, o = 0;
  c->plen = 0;
  tnow = now();
  if (raw && c->up < 3) {
    if (len >= 4) {
      o = 4;
      c->up = 3;
      nready++;
      if (on_ready) on_ready(c);
    } else {
      goto save;
    }
  }
  while (len - o >= 2) {
    uint32_t rl = 0;
    int k = 1, sh = 0;
    uint8_t b;
    do {
      if (o + k >= len) goto save;
      b = rbuf[o + k++];
      rl |= (b & 127) << sh;
      sh += 7;
    } while (b & 128);
    if (o + k + (int)rl > len) goto save;
    packet(c, rbuf[o], rbuf + o + k, rl);
    o += k + rl;
    if (c->up < 0) return;
  }
save:
  if (o < len) {
    int r = len - o;
    if (r > c->pcap) {
      c->pcap = r * 2;
      c->part = realloc(c->part, c->pcap);
    }
    memcpy(c->part, rbuf + o, r);
    c->plen = r;
  }
  // Of a record that was read in part the socket tells nothing more.
  if (tls_pending(c)) {
    on_read(c);
    return;
  }
  if (c->wlen > c->woff && !c->evout) flush(c);
}
static struct epoll_event evs[1024];
static void poll_once(int ms) {
  int n = epoll_wait(ep, evs, 1024, ms);
  for (int i = 0; i < n; i++) {
    conn *c = evs[i].data.ptr;
    if (c->up < 0) continue;
    if (evs[i].events & EPOLLOUT) flush(c);
    if (c->up >= 0 && evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_read(c);
  }
}
static void hello(conn *c, int clean) {
  char id[64];
  if (raw) {
    uint8_t *p = wres(c, 4);
    p[0] = c->role == R_PUB ? 'P' : 'S';
    int g = !strcmp(scen, "pairs") ? c->idx : 0;
    p[1] = g >> 8;
    p[2] = g;
    p[3] = 0;
    c->wlen += 4;
  } else {
    snprintf(id, sizeof id, "%s%c%d", scratch_prefix, "?PSGEBTD"[c->role], c -> idx);
    q_connect(c, id, clean);
  }
  c->up = 1;
  flush(c);
}
static void wait_ready(int want, double sec) {
  uint64_t t = now() + (uint64_t)(sec * 1e9);
  while (nready < want && now() < t) poll_once(50);
  if (nready < want)
    die("only %d of %d clients became ready in %.0f s (closed %lu)", nready, want, sec,
        (unsigned long)closed_unexpected);
}
// ---- measurement window
static uint64_t m_t0, m_r0, m_s0, m_a0, m_bi0;
static double m_c0, m_l0, m_sy0, m_sys;
static void m_start(void) {
  hist_reset();
  measuring = 1;
  m_t0 = now();
  m_r0 = tot_recv;
  m_s0 = tot_sent;
  m_a0 = tot_acked;
  m_bi0 = tot_bytes_in;
  m_c0 = cpu_of(bpid);
  m_sy0 = last_sys;
  m_l0 = self_cpu();
}
static double m_secs, m_cpu, m_lcpu;
static uint64_t m_recv, m_sent, m_acked, m_bi;
static void m_stop(void) {
  measuring = 0;
  m_secs = (now() - m_t0) / 1e9;
  m_recv = tot_recv - m_r0;
  m_sent = tot_sent - m_s0;
  m_acked = tot_acked - m_a0;
  m_bi = tot_bytes_in - m_bi0;
  m_cpu = cpu_of(bpid) - m_c0;
  m_sys = last_sys - m_sy0;
  m_lcpu = self_cpu() - m_l0;
}
static void j_head(void) {
  printf("{\"scenario\":\"%s\",\"label\":\"%s\",\"qos\":%d,\"payload\":%d,\"v5\":%d", scen, label,
         qos, payload, v5);
}
static void j_meas(const char *pre, uint64_t msgs) {
  printf(
      ",\"%smsgs_per_s\":%.0f,\"%sbroker_cpu_us_per_msg\":%.3f,\"%sbroker_sys_share\":%.2f,\"%"
      "sbroker_cpu_pct\":%.0f,\"%sloadgen_cpu_pct\":%.0f,\"%ssecs\":%.2f",
      pre, msgs / m_secs, pre, msgs ? m_cpu * 1e6 / msgs : 0, pre, m_cpu > 0 ? m_sys / m_cpu : 0,
      pre, 100 * m_cpu / m_secs, pre, 100 * m_lcpu / m_secs, pre, m_secs);
}
static void j_lat(void) {
  printf(",\"lat_n\":%lu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f", (unsigned long)lat_n,
         hist_pct(.5), hist_pct(.99), lat_max / 1e3);
}
// Handshakes that are not finished, of what we sent and of what we got.
static uint64_t missing_acks(void) {
  return (qos ? tot_sent - tot_acked : 0) + (qos == 2 ? tot_recv - tot_qos2done : 0);
}
// A delivery at another QoS is counted and left out of "ok": it is for the reader to judge.
static void j_tail(int ok) {
  printf(",\"dup_or_reorder\":%lu,\"gaps\":%lu,\"puback_fail\":%lu,\"wrong_qos\":%lu",
         (unsigned long)dup_or_reorder, (unsigned long)gaps, (unsigned long)puback_fail,
         (unsigned long)wrong_qos);
  ok = ok && !dup_or_reorder && !gaps && !puback_fail;
  printf(
      ",\"rss_mb\":%.1f,\"peak_rss_mb\":%.1f,\"unexpected_close\":%lu,\"errors\":%lu,\"ok\":%s}\n",
      status_kb(bpid, "VmRSS") / 1024.0, status_kb(bpid, "VmHWM") / 1024.0,
      (unsigned long)closed_unexpected, (unsigned long)errors_,
      ok && !closed_unexpected && !errors_ ? "true" : "false");
  fflush(stdout);
}
// ---- throughput: fanin, fanout, pairs
static char (*suffixes)[12];
static int *suffix_len;  // of the topics of a publisher, with --topics
static long topic_of(uint32_t seq) { return (seq * 2654435761u >> 7) % ntopics; }
static void pump_pub(conn *c, uint64_t ts) {
  if (!ntopics) {
    q_pub(c, c->topic, c->tlen, qos, 0, ts);
    return;
  }
  char t[80];
  long k = topic_of(c->seq + 1);
  memcpy(t, c->topic, c->tlen);
  memcpy(t + c->tlen, suffixes[k], 12);
  q_pub(c, t, c->tlen + suffix_len[k], qos, 0, ts);
}
// A subscriber gets the topic under which its publisher sent the message.
static void check_topic(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)c;
  if ((int)id >= npubs_) {
    errors_++;
    return;
  }
  int n = pubs[id]->tlen;
  long k = ntopics ? topic_of(seq) : 0;
  if (tl != n + (ntopics ? suffix_len[k] : 0) || memcmp(topic, pubs[id]->topic, n))
    errors_++;
  else if (ntopics && memcmp(topic + n, suffixes[k], tl - n))
    errors_++;
}
static void pump(conn *c) {
  if (c->up != 3 || stop_pub || c->wlen > c->woff) return;
  long credit = window_ ? window_ - (long)(c->sent - c->delivered / fan) : 2000;
  if (qos) {
    long k = inflight_ - c->inflight;
    if (k < credit) credit = k;
    if (k < (inflight_ + 3) / 4 && k < inflight_) return;
  } else if (window_ && credit < (window_ + 3) / 4)
    return;
  if (credit <= 0) return;
  if (batchmax && credit > batchmax) credit = batchmax;
  int max = 65536 / (payload + c->tlen + 16) + 1;
  if (credit > max) credit = max;
  uint64_t t = now();
  for (long i = 0; i < credit; i++) {
    pump_pub(c, (c->seq & 7) ? 0 : t);
    if (c->sent_at) c->sent_at[c->pid % SENT_AT] = t;
    if (qos) c->inflight++;
  }
  flush(c);
}
static int throughput(void) {
  int pairs = !strcmp(scen, "pairs"), fin = !strcmp(scen, "fanin");
  if (pairs) nsub = npub;
  fan = pairs ? 1 : nsub;
  if (!fin && !pairs)
    strcpy(sub_filter, "bench/out/000");
  else
    strcpy(sub_filter, pairs ? ntopics ? "bench/p/%03d/+" : "bench/p/%03d" : "bench/in/#");
  sub_qos = qos;
  if (!raw) want_qos = qos;
  if (overlap && !fin) die("--overlap goes with fanin");
  if (alias && (ntopics || !v5)) die("--alias goes with one topic for each publisher, and --v5");
  if (props && !v5) die("--props goes with --v5");
  if (ntopics) {
    if (!fin && !pairs) die("--topics goes with fanin and pairs");
    suffixes = calloc(ntopics, sizeof *suffixes);
    suffix_len = calloc(ntopics, sizeof *suffix_len);
    for (long k = 0; k < ntopics; k++)
      suffix_len[k] = snprintf(suffixes[k], sizeof *suffixes, "/%ld", k);
  }
  pubs = calloc(npub, sizeof *pubs);
  for (int i = 0; i < nsub; i++) {
    conn *c = dial(R_SUB, i);
    c->last = calloc(npub, 4);
    hello(c, 1);
    if (i % 200 == 199) wait_ready(i - 50, 20);
  }
  wait_ready(nsub, 20);
  for (int i = 0; i < npub; i++) {
    conn *c = dial(R_PUB, i);
    char t[64];
    c->tlen = snprintf(t, sizeof t,
                       pairs ? "bench/p/%03d"
                       : fin ? "bench/in/%03d"
                             : "bench/out/000",
                       i);
    c->topic = strdup(t);
    pubs[i] = c;
    hello(c, 1);
  }
  wait_ready(nsub + npub, 20);
  npubs_ = npub;
  if (!raw) on_publish = check_topic;
  if (raw) usleep(100000);
  uint64_t t0 = now(), tw = t0 + (uint64_t)(warm * 1e9), te = tw + (uint64_t)(secs * 1e9),
           lastp = t0, lastr = 0;
  int stalled = 0;
  while (1) {
    for (int i = 0; i < npub; i++) pump(pubs[i]);
    poll_once(10);
    uint64_t t = now();
    if (!measuring && t >= tw) m_start();
    if (t >= te) break;
    if (tot_recv != lastr) {
      lastr = tot_recv;
      lastp = t;
    } else if (t - lastp > 3000000000ull) {
      stalled = 1;
      break;
    }
  }
  m_stop();
  stop_pub = 1;
  uint64_t exp = tot_sent * fan;
  lastp = now();
  lastr = tot_recv;
  uint64_t tend = now() + 120000000000ull;
  while ((tot_recv < exp || missing_acks()) && now() < tend) {
    poll_once(20);
    exp = tot_sent * fan;
    if (tot_recv != lastr) {
      lastr = tot_recv;
      lastp = now();
    } else if (now() - lastp > (uint64_t)drainms * 1000000ull)
      break;
  }
  exp = tot_sent * fan;
  j_head();
  printf(",\"npub\":%d,\"nsub\":%d,\"window\":%d,\"inflight\":%d", npub, nsub, window_, inflight_);
  j_meas("", m_recv);
  printf(",\"mb_per_s_in\":%.1f", m_bi / 1e6 / m_secs);
  j_lat();
  printf(
      ",\"sent\":%lu,\"expected\":%lu,\"received\":%lu,\"lost\":%ld,\"missing_acks\":%lu,"
      "\"stalled\":%d",
      (unsigned long)tot_sent, (unsigned long)exp, (unsigned long)tot_recv, (long)(exp - tot_recv),
      (unsigned long)missing_acks(), stalled);
  j_tail(tot_recv == exp && !stalled && !missing_acks());
  return 0;
}
// ---- pingpong: A publishes q/i, B (subscribed q/i) answers on a/i; one request in flight for each
// pair
static conn **pa;
static void ping_next(conn *c) {
  char t[32];
  int l = snprintf(t, sizeof t, "rr/q/%d", c->idx);
  c->t0 = now();
  q_pub(c, t, l, qos, 0, 0);
  flush(c);
}
static void ping_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)topic;
  (void)tl;
  if ((int)id != c->idx) errors_++;
  if (seq != c->got) {
    if (seq < c->got)
      dup_or_reorder++;
    else
      gaps++;
  }
  if (c->role == R_ECHO) {
    char t[32];
    int l = snprintf(t, sizeof t, "rr/a/%d", c->idx);
    q_pub(c, t, l, qos, 0, 0);
  } else {
    if (measuring) hist_add(now() - c->t0);
    c->acked++;
    if (!stop_pub) {
      char t[32];
      int l = snprintf(t, sizeof t, "rr/q/%d", c->idx);
      c->t0 = now();
      q_pub(c, t, l, qos, 0, 0);
    } else
      c->sub_done = 1;
  }
}
static void ping_ready(conn *c) {
  if (c->sub_done) return;
  c->sub_done = 1;
  c->up = 2;
  nready--;
  char t[32];
  snprintf(t, sizeof t, c->role == R_ECHO ? "rr/q/%d" : "rr/a/%d", c->idx);
  q_sub1(c, t, qos);
}
static int pingpong(void) {
  on_ready = ping_ready;
  pa = calloc(npub, sizeof *pa);
  for (int i = 0; i < npub; i++) {
    pa[i] = dial(R_PING, i);
    hello(pa[i], 1);
    hello(dial(R_ECHO, i), 1);
  }
  wait_ready(npub * 2, 20);
  on_ready = 0;
  on_publish = ping_pub;
  want_qos = qos;
  for (int i = 0; i < npub; i++) {
    pa[i]->sub_done = 0;
    ping_next(pa[i]);
  }
  uint64_t tw = now() + (uint64_t)(warm * 1e9), te = tw + (uint64_t)(secs * 1e9);
  while (now() < te) {
    poll_once(10);
    if (!measuring && now() >= tw) m_start();
  }
  m_stop();
  stop_pub = 1;
  uint64_t t = now();
  int left = npub;
  while ((left || missing_acks()) && now() - t < 3000000000ull) {
    poll_once(10);
    left = 0;
    for (int i = 0; i < npub; i++) left += !pa[i]->sub_done;
  }
  j_head();
  printf(",\"pairs\":%d", npub);
  j_meas("", m_recv);
  printf(",\"rtt_per_s\":%.0f", lat_n / m_secs);
  j_lat();
  printf(",\"lost\":%ld,\"missing_acks\":%lu", (long)(tot_sent - tot_recv),
         (unsigned long)missing_acks());
  j_tail(!left && tot_sent == tot_recv && !missing_acks());
  return 0;
}
// ---- connection storm and idle connections
static int storm(void) {
  uint64_t done = 0, tw = now() + (uint64_t)(warm * 1e9), te = tw + (uint64_t)(secs * 1e9);
  int id = 0;
  uint64_t d0 = 0;
  conn **slot = calloc(conc, sizeof *slot);
  scratch_prefix = "st";
  while (1) {
    uint64_t t = now();
    if (!measuring && t >= tw) {
      m_start();
      d0 = done;
    }
    if (t >= te) break;
    for (int i = 0; i < conc; i++) {
      conn *c = slot[i];
      if (c && c->up == 3) {
        uint8_t d[2] = {0xe0, 0};
        hist_add(now() - c->t0);
        send(c->fd, d, 2, MSG_NOSIGNAL);
        close(c->fd);
        free(c->w);
        free(c->part);
        free(c);
        nconns--;
        slot[i] = 0;
        done++;
      } else if (c && c->up < 0) {
        free(c->w);
        free(c->part);
        free(c);
        nconns--;
        slot[i] = 0;
      }
      if (!slot[i]) {
        uint64_t t1 = now();
        slot[i] = dial(R_STORM, id++);
        slot[i]->t0 = t1;
        hello(slot[i], 1);
      }
    }
    poll_once(5);
  }
  m_stop();
  j_head();
  printf(",\"concurrency\":%d", conc);
  j_meas("conn_", done - d0);
  j_lat();
  j_tail(1);
  return 0;
}
static int idle(void) {
  usleep(300000);
  long r0 = status_kb(bpid, "VmRSS");
  m_start();
  scratch_prefix = "id";
  for (int i = 0; i < nconn; i++) {
    hello(dial(R_STORM, i), 1);
    if (i % 50 == 49) {
      while (nready < i - 200) poll_once(50);
    }
  }
  wait_ready(nconn, 30);
  m_stop();
  usleep(1500000);
  while (1) {
    int n = epoll_wait(ep, evs, 1, 0);
    if (n <= 0) break;
    poll_once(0);
  }
  long r1 = status_kb(bpid, "VmRSS");
  j_head();
  printf(",\"conns\":%d", nconn);
  j_meas("conn_", nconn);
  printf(",\"rss_kb_per_conn\":%.2f,\"rss_before_mb\":%.1f", (double)(r1 - r0) / nconn,
         r0 / 1024.0);
  double c0 = cpu_of(bpid);
  uint64_t t0 = now();
  while (now() - t0 < 2000000000ull) poll_once(100);
  printf(",\"idle_cpu_pct\":%.2f", (cpu_of(bpid) - c0) * 50);
  j_tail(1);
  return 0;
}
// ---- subscription scale
static int sub_name(long i, char *f, char *t) {  // exactly one filter matches each topic
  long a = i % 1000;
  int fl;
  switch (i % 10) {
    case 8:
      fl = sprintf(f, "s/+/%ld/w", i);
      sprintf(t, "s/%ld/%ld/w", a, i);
      break;
    case 9:
      fl = sprintf(f, "s/%ld/%ld/#", a, i);
      sprintf(t, "s/%ld/%ld/h/t", a, i);
      break;
    default: fl = sprintf(f, "s/%ld/%ld/x", a, i); strcpy(t, f);
  }
  return fl;
}
// The number in the third level of a topic.
static long third_level(const uint8_t *t, int n) {
  int i = 0, slashes = 0;
  long v = 0;
  while (i < n && slashes < 2) slashes += t[i++] == '/';
  while (i < n && t[i] >= '0' && t[i] <= '9') v = v * 10 + (t[i++] - '0');
  return v;
}
// Only the client that holds the filter gets the message, and each later than the one before.
static void subscale_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)id;
  if (third_level(topic, tl) % nclients != c->idx) errors_++;
  if (seq <= c->seq)
    dup_or_reorder++;
  else
    c->seq = seq;
}
static int subscale(void) {
  char f[64], t[64];
  for (int i = 0; i < nclients; i++) {
    hello(dial(R_BULK, i), 1);
    if (i % 200 == 199) wait_ready(i - 50, 20);
  }
  wait_ready(nclients, 20);
  usleep(300000);
  long r0 = status_kb(bpid, "VmRSS");
  m_start();
  // client c holds filters c, c+nclients, ...
  long *nexti = calloc(nclients, sizeof(long));
  for (int i = 0; i < nclients; i++) nexti[i] = i;
  uint8_t *body = malloc(8 + subbatch * 48);
  uint64_t last = 0, lastt = now();
  int stalled = 0;
  while ((long)tot_suback < total) {
    for (int i = 0; i < nclients; i++) {
      conn *c = conns[i];
      while (c->up == 3 && c->inflight < 4 && nexti[i] < total && c->wlen == c->woff) {
        uint8_t *q = body;
        int n = 0;
        if (++c->pid == 0) c->pid = 1;
        *q++ = c->pid >> 8;
        *q++ = c->pid;
        if (v5) *q++ = 0;
        for (; n < subbatch && nexti[i] < total; n++, nexti[i] += nclients) {
          int l = sub_name(nexti[i], f, t);
          *q++ = 0;
          *q++ = l;
          memcpy(q, f, l);
          q += l;
          *q++ = qos;
        }
        int length = q - body;
        uint8_t *p = wres(c, 5 + length), *start = p;
        *p++ = 0x82;
        p += putvar(p, length);
        memcpy(p, body, length);
        c->wlen += p + length - start;
        c->inflight++;
        tot_sub += n;
        flush(c);
      }
    }
    poll_once(20);
    if (tot_suback != last) {
      last = tot_suback;
      lastt = now();
    } else if (now() - lastt > 5000000000ull) {
      stalled = 1;
      break;
    }
    if (now() - m_t0 > (uint64_t)(60e9)) {
      stalled = 2;
      break;
    }
  }
  m_stop();
  uint64_t got = tot_suback;
  usleep(1000000);
  long r1 = status_kb(bpid, "VmRSS");
  j_head();
  printf(",\"subs\":%ld,\"clients\":%d,\"subacked\":%lu,\"suback_fail\":%lu,\"stalled\":%d", total,
         nclients, (unsigned long)got, (unsigned long)suback_fail, stalled);
  j_meas("sub_", got);
  printf(",\"rss_bytes_per_sub\":%.1f,\"rss_before_mb\":%.1f", (r1 - r0) * 1024.0 / got,
         r0 / 1024.0);
  // publish to matching topics
  int ok = got == (uint64_t)total && !suback_fail;
  if (ok && secs > 0) {
    conn *c = dial(R_PUB, 0);
    hello(c, 1);
    pubs = &c;
    npubs_ = 1;
    fan = 1;
    wait_ready(nclients + 1, 10);
    on_publish = subscale_pub;
    want_qos = qos;
    long nt = ntopics && ntopics < total
                  ? ntopics
                  : total;  // distinct topics used; stepped through in a scattered order
    long step = 7919, k = 0;
    nt -= (nt % 7919 == 0);
    uint64_t tw = now() + (uint64_t)(warm * 1e9), te = tw + (uint64_t)(secs * 1e9), lr = 0,
             lp = now();
    stalled = 0;
    while (1) {
      if (c->wlen == c->woff) {
        long credit = window_ - (long)(c->sent - c->delivered);
        if (credit > 512) credit = 512;
        if (credit >= window_ / 4 || credit == 512) {
          uint64_t tt = now();
          for (long j = 0; j < credit; j++) {
            k = (k + step) % nt;
            sub_name(k * (total / nt), f, t);
            q_pub(c, t, strlen(t), qos, 0, (c->seq & 7) ? 0 : tt);
          }
          flush(c);
        }
      }
      poll_once(10);
      uint64_t tt = now();
      if (!measuring && tt >= tw) m_start();
      if (tt >= te) break;
      if (tot_recv != lr) {
        lr = tot_recv;
        lp = tt;
      } else if (tt - lp > 4000000000ull) {
        stalled = 1;
        break;
      }
    }
    m_stop();
    uint64_t t1 = now();
    while (tot_recv < tot_sent && now() - t1 < 5000000000ull) poll_once(20);
    j_meas("pub_", m_recv);
    j_lat();
    printf(",\"topics\":%ld,\"sent\":%lu,\"received\":%lu,\"lost\":%ld,\"pub_stalled\":%d", nt,
           (unsigned long)tot_sent, (unsigned long)tot_recv, (long)(tot_sent - tot_recv), stalled);
    ok = tot_sent == tot_recv && !stalled;
  }
  j_tail(ok);
  return 0;
}
// ---- retained
static long retained_group;
static uint8_t retained_seen[1000];
// Each message of the group comes once, under its own topic.
static void retained_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)c;
  (void)id;
  long i = (long)seq - 1, k = i - retained_group * 1000;
  if (k < 0 || k > 999 || third_level(topic, tl) != i) {
    errors_++;
    return;
  }
  if (retained_seen[k]++) dup_or_reorder++;
}
static int retained(void) {
  conn *c = dial(R_PUB, 0);
  hello(c, 1);
  wait_ready(1, 10);
  usleep(300000);
  long r0 = status_kb(bpid, "VmRSS");
  char t[64];
  m_start();
  int q = qos ? qos : 1;
  long i = 0;
  uint64_t la = 0, lt = now();
  int stalled = 0;
  while ((long)c->acked < total) {
    if (c->wlen == c->woff && c->inflight <= inflight_ * 3 / 4) {
      for (; i < total && c->inflight < inflight_; i++) {
        int l = snprintf(t, sizeof t, "r/%ld/%ld", i / 1000, i);
        q_pub(c, t, l, q, 1, 0);
        c->inflight++;
      }
      flush(c);
    }
    poll_once(20);
    if (c->acked != la) {
      la = c->acked;
      lt = now();
    } else if (now() - lt > 5000000000ull) {
      stalled = 1;
      break;
    }
    if (c->up < 0 || now() - m_t0 > 60000000000ull) {
      stalled = 2;
      break;
    }
  }
  m_stop();
  usleep(1000000);
  long r1 = status_kb(bpid, "VmRSS");
  uint64_t st = c->acked;
  j_head();
  printf(",\"retained\":%ld,\"stored\":%lu,\"stalled\":%d", total, (unsigned long)st, stalled);
  j_meas("store_", st);
  printf(",\"rss_bytes_per_retained\":%.1f,\"rss_before_mb\":%.1f",
         (r1 - r0) * 1024.0 / (st ? st : 1), r0 / 1024.0);
  int ok = st == (uint64_t)total;
  uint64_t r_0 = tot_recv;
  long groups = total / 1000;
  if (retries > groups) retries = groups;
  sub_qos = 0;
  want_qos = 0;
  want_retain = 1;
  on_publish = retained_pub;
  m_start();
  int good = 0;
  for (int k = 0; ok && k < retries; k++) {
    conn *s = dial(R_SUB, k);
    retained_group = (k * 37L) % groups;
    memset(retained_seen, 0, sizeof retained_seen);
    sprintf(sub_filter, "r/%ld/+", retained_group);
    int nr = nready;
    hello(s, 1);
    while (nready == nr && s->up >= 0) {
      if (s->up == 2 && !s->t0) s->t0 = now();
      poll_once(20);
    }
    if (!s->t0) s->t0 = now();
    uint64_t t0 = s->t0, tl = now();
    while (s->got < 1000 && now() - tl < 4000000000ull) poll_once(20);
    hist_add(now() - t0);
    if (s->got == 1000) good++;
    s->up = -1;
    close(s->fd);
  }
  m_stop();
  closed_unexpected = c->up < 0;
  printf(",\"wild_subs\":%d,\"wild_ok\":%d", retries, good);
  j_meas("wild_", tot_recv - r_0);
  j_lat();
  j_tail(ok && good == retries);
  return 0;
}
#include "durable.c"
// ---- command line
enum { T_INT, T_LONG, T_U64, T_DOUBLE, T_TEXT };
static const struct {
  const char *name;
  int type;
  void *to;
} options[] = {
    // what every scenario has
    {"port", T_INT, &port},
    {"pid", T_INT, &bpid},
    {"cpu", T_INT, &cpu},
    {"raw", T_INT, &raw},
    {"v5", T_INT, &v5},
    {"qos", T_INT, &qos},
    {"payload", T_INT, &payload},
    {"secs", T_DOUBLE, &secs},
    {"warm", T_DOUBLE, &warm},
    {"label", T_TEXT, &label},
    // fanin, fanout, pairs, pingpong
    {"npub", T_INT, &npub},
    {"nsub", T_INT, &nsub},
    {"window", T_INT, &window_},
    {"inflight", T_INT, &inflight_},
    {"batchmax", T_INT, &batchmax},
    {"tls", T_INT, &tls},
    {"ws", T_INT, &ws},
    {"cut", T_INT, &cut},
    {"props", T_INT, &props},
    {"alias", T_INT, &alias},
    {"overlap", T_INT, &overlap},
    {"drainms", T_INT, &drainms},
    {"topics", T_LONG, &ntopics},
    // storm, idle
    {"conc", T_INT, &conc},
    {"conns", T_INT, &nconn},
    // subscale, retained, and the loads on durable sessions
    {"clients", T_INT, &nclients},
    {"total", T_LONG, &total},
    {"subbatch", T_INT, &subbatch},
    {"wild", T_INT, &retries},
    {"perclient", T_INT, &perclient},
    {"noise", T_INT, &noisy},
    {"offline", T_INT, &offline},
    {"limit", T_DOUBLE, &limit},
    {"since", T_U64, &since},
};
enum { N_OPTIONS = sizeof options / sizeof *options };
static const struct {
  const char *name;
  int (*run)(void);
} scenarios[] = {
    {"fanin", throughput},    {"fanout", throughput}, {"pairs", throughput},
    {"pingpong", pingpong},   {"storm", storm},       {"idle", idle},
    {"subscale", subscale},   {"retained", retained}, {"durable", durable},
    {"acks", acks},           {"offfan", offfan},     {"fill", fill},
    {"returning", returning},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof *scenarios };
static void set_option(const char *word, const char *value) {
  for (int i = 0; i < N_OPTIONS; i++) {
    if (strncmp(word, "--", 2) || strcmp(word + 2, options[i].name)) continue;
    void *to = options[i].to;
    switch (options[i].type) {
      case T_INT: *(int *)to = atoi(value); break;
      case T_LONG: *(long *)to = atol(value); break;
      case T_U64: *(uint64_t *)to = strtoull(value, 0, 10); break;
      case T_DOUBLE: *(double *)to = atof(value); break;
      case T_TEXT: *(const char **)to = value; break;
    }
    return;
  }
  die("unknown option %s", word);
}
static int usage(void) {
  fprintf(stderr, "usage: mqload SCENARIO [--OPTION VALUE ...]\nscenarios:");
  for (int i = 0; i < N_SCENARIOS; i++) fprintf(stderr, " %s", scenarios[i].name);
  fprintf(stderr, "\noptions:");
  for (int i = 0; i < N_OPTIONS; i++) fprintf(stderr, " %s", options[i].name);
  fprintf(stderr, "\n");
  return 2;
}
int main(int ac, char **av) {
  if (ac < 2) return usage();
  scen = av[1];
  tick = sysconf(_SC_CLK_TCK);
  for (int i = 2; i + 1 < ac; i += 2) set_option(av[i], av[i + 1]);
  if (payload < 16) payload = 16;
  if (noisy) make_noise();
  if (cpu >= 0) {
    cpu_set_t s;
    CPU_ZERO(&s);
    CPU_SET(cpu, &s);
    sched_setaffinity(0, sizeof s, &s);
  }
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  rbuf = malloc(RB + 16);
  ep = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < N_SCENARIOS; i++)
    if (!strcmp(scen, scenarios[i].name)) return scenarios[i].run();
  die("unknown scenario %s", scen);
  return 1;
}
