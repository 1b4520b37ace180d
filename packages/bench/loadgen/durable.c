// The loads on durable sessions; part of mqload.c, which includes it.
//
//   acks       publishers to durable subscribers, online or not: how fast it acknowledges
//   durable    messages queue for sessions that are away, which then come back for them
//   offfan     each message is for many sessions that are away
//   fill       many sessions with messages, left behind for "returning"
//   returning  a broker starts on them: when it is ready, when a session has its first message

// ---- memory of the broker while a load runs: all that is resident, and its own part, without the
// pages of files that the kernel has mapped for it and takes back when it needs them
typedef struct {
  long all_kb, own_kb;
} memory;
static memory memory_peak;
static uint64_t memory_due;
static memory memory_now(void) {
  return (memory){status_kb(bpid, "VmRSS"), status_kb(bpid, "RssAnon")};
}
static void memory_sample(void) {
  uint64_t t = now();
  if (t < memory_due) return;
  memory_due = t + 50000000ull;
  memory m = memory_now();
  if (m.all_kb > memory_peak.all_kb) memory_peak.all_kb = m.all_kb;
  if (m.own_kb > memory_peak.own_kb) memory_peak.own_kb = m.own_kb;
}
// ---- progress: 1 when a counter stood still for too long, 2 when the whole took too long
typedef struct {
  uint64_t begin, last, lastt;
} watch;
static watch watch_begin(void) {
  uint64_t t = now();
  return (watch){t, 0, t};
}
static int watch_stalled(watch *w, uint64_t counter) {
  uint64_t t = now();
  if (counter != w->last) {
    w->last = counter;
    w->lastt = t;
  }
  if (t - w->lastt > (uint64_t)drainms * 1000000ull) return 1;
  return t - w->begin > (uint64_t)(limit * 1e9) ? 2 : 0;
}
// ---- sessions that go away
static void leave(conn *c) {
  uint8_t d[2] = {0xe0, 0};
  if (c->up < 0) return;
  send(c->fd, d, 2, MSG_NOSIGNAL);
  c->up = -1;
  close(c->fd);
}
// Sessions 0 to n-1 subscribe to sub_filter and leave, some at a time.
static void create_sessions(int n) {
  int slots = n < conc ? n : conc, next = 0, done = 0;
  conn **slot = calloc(slots, sizeof *slot);
  uint64_t end = now() + (uint64_t)(limit * 1e9);
  while (done < n) {
    for (int i = 0; i < slots; i++) {
      conn *c = slot[i];
      if (c && c->up < 0) die("a session was refused, %d of %d were there", done, n);
      if (c && c->up == 3) {
        leave(c);
        free(c->w);
        free(c->part);
        free(c);
        nconns--;
        slot[i] = 0;
        done++;
      }
      if (!slot[i] && next < n) {
        slot[i] = dial(R_SUB, next++);
        hello(slot[i], 0);
      }
    }
    poll_once(5);
    if (now() > end) die("only %d of %d sessions within %.0f s", done, n, limit);
  }
  free(slot);
  usleep(500000);
}
// Publishes until n messages are acknowledged, message i to topic i % nclients below `prefix`, or
// all to `prefix` itself; returns what watch_stalled says.
static int publish_all(conn *c, long n, const char *prefix, int is_one_topic) {
  char t[64];
  int l = snprintf(t, sizeof t, "%s", prefix), stalled = 0;
  long i = 0;
  watch w = watch_begin();
  while ((long)c->acked < n && !stalled) {
    if (c->wlen == c->woff && c->inflight <= inflight_ * 3 / 4) {
      uint64_t t0 = now();
      for (; i < n && c->inflight < inflight_; i++) {
        if (!is_one_topic) l = snprintf(t, sizeof t, "%s%ld", prefix, i % nclients);
        q_pub(c, t, l, qos, 0, 0);
        if (c->sent_at) c->sent_at[c->pid % SENT_AT] = t0;
        c->inflight++;
      }
      flush(c);
    }
    poll_once(20);
    memory_sample();
    stalled = c->up < 0 ? 2 : watch_stalled(&w, c->acked);
  }
  return stalled;
}
static conn *publisher(void) {
  conn *c = dial(R_PUB, 0);
  nready = 0;
  hello(c, 1);
  wait_ready(1, 10);
  return c;
}
// Message n of client k was published as number n * nclients + k.
static void durable_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)id;
  char t[32];
  int n = snprintf(t, sizeof t, "dur/%d", c->idx);
  if (tl != n || memcmp(topic, t, n)) errors_++;
  uint64_t want = (c->got - 1) * nclients + c->idx + 1;
  if (seq < want)
    dup_or_reorder++;
  else if (seq > want)
    gaps++;
}
// ---- acks: pairs of a publisher and a durable subscriber; latency is from a PUBLISH to its
// PUBACK, or to its PUBCOMP
static int acks(void) {
  if (inflight_ > SENT_AT) die("at most %d in flight", SENT_AT);
  if (!qos) die("QoS 0 is not acknowledged");
  if (offline) window_ = 0;
  strcpy(sub_filter, "bench/p/%03d");
  sub_qos = want_qos = qos;
  time_acks = 1;
  npubs_ = npub;
  pubs = calloc(npub, sizeof *pubs);
  conn **subs = calloc(npub, sizeof *subs);
  for (int i = 0; i < npub; i++) {
    subs[i] = dial(R_SUB, i);
    subs[i]->last = calloc(npub, 4);
    hello(subs[i], 0);
  }
  wait_ready(npub, 20);
  for (int i = 0; offline && i < npub; i++) leave(subs[i]);
  if (offline) usleep(500000);
  nready = 0;
  for (int i = 0; i < npub; i++) {
    conn *c = pubs[i] = dial(R_PUB, i);
    char t[64];
    c->tlen = snprintf(t, sizeof t, "bench/p/%03d", i);
    c->topic = strdup(t);
    c->sent_at = calloc(SENT_AT, sizeof *c->sent_at);
    hello(c, 1);
  }
  wait_ready(npub, 20);
  on_publish = check_topic;
  uint64_t tw = now() + (uint64_t)(warm * 1e9), te = tw + (uint64_t)(secs * 1e9);
  int stalled = 0;
  watch w = watch_begin();
  while (now() < te && !stalled) {
    for (int i = 0; i < npub; i++) pump(pubs[i]);
    poll_once(10);
    if (!measuring && now() >= tw) m_start();
    stalled = watch_stalled(&w, tot_acked);
  }
  m_stop();
  stop_pub = 1;
  w = watch_begin();
  while (tot_acked < tot_sent && !watch_stalled(&w, tot_acked)) poll_once(20);
  if (offline) {  // the messages were acknowledged: they must be there
    sub_filter[0] = 0;
    for (int i = 0; i < npub; i++) {
      conn *c = dial(R_SUB, i);
      c->last = subs[i]->last;
      hello(c, 0);
    }
  }
  w = watch_begin();
  while ((tot_recv < tot_sent || missing_acks()) && !watch_stalled(&w, tot_recv + tot_qos2done))
    poll_once(20);
  uint64_t t1 = now();
  while (now() - t1 < 100000000ull) poll_once(20);  // what comes twice comes now
  j_head();
  printf(",\"npub\":%d,\"inflight\":%d,\"offline\":%d", npub, inflight_, offline);
  j_meas("", m_acked);
  j_lat();
  printf(",\"sent\":%lu,\"received\":%lu,\"lost\":%ld,\"missing_acks\":%lu,\"stalled\":%d",
         (unsigned long)tot_sent, (unsigned long)tot_recv, (long)(tot_sent - tot_recv),
         (unsigned long)missing_acks(), stalled);
  j_tail(tot_recv == tot_sent && !stalled && !missing_acks());
  return 0;
}
// ---- durable
static int durable(void) {
  strcpy(sub_filter, "dur/%d");
  sub_qos = qos = 1;
  create_sessions(nclients);
  conn *c = publisher();
  long want = (long)nclients * perclient;
  memory start = memory_peak = memory_now();
  m_start();
  int stalled = publish_all(c, want, "dur/", 0);
  m_stop();
  uint64_t st = c->acked;
  long r1 = status_kb(bpid, "VmRSS");
  j_head();
  printf(",\"clients\":%d,\"per_client\":%d,\"queued\":%lu", nclients, perclient,
         (unsigned long)st);
  j_meas("queue_", st);
  printf(
      ",\"rss_bytes_per_queued\":%.1f,\"rss_before_mb\":%.1f,\"queue_growth_mb\":%.1f,\"queue_own_"
      "growth_mb\":%.1f",
      (r1 - start.all_kb) * 1024.0 / (st ? st : 1), start.all_kb / 1024.0,
      (memory_peak.all_kb - start.all_kb) / 1024.0, (memory_peak.own_kb - start.own_kb) / 1024.0);
  sub_filter[0] = 0;
  connack_sp = nready = 0;
  tot_recv = npubs_ = 0;
  on_publish = durable_pub;
  want_qos = 1;
  conn **back = calloc(nclients, sizeof *back);
  m_start();
  for (int k = 0; k < nclients; k++) {
    back[k] = dial(R_SUB, k);
    hello(back[k], 0);
  }
  watch w = watch_begin();
  while (tot_recv < st && !stalled) {
    poll_once(20);
    memory_sample();
    stalled = watch_stalled(&w, tot_recv);
  }
  if (stalled == 1) m_t0 += now() - w.lastt;  // do not count the idle wait
  m_stop();
  uint64_t t1 = now();
  while (now() - t1 < 300000000ull) poll_once(20);
  printf(",\"session_present\":%d", connack_sp);
  j_meas("drain_", tot_recv);
  printf(
      ",\"received\":%lu,\"lost\":%ld,\"missing_acks\":%ld,\"stalled\":%d,\"growth_mb\":%.1f,\"own_"
      "growth_mb\":%.1f",
      (unsigned long)tot_recv, (long)(st - tot_recv), want - (long)st, stalled,
      (memory_peak.all_kb - start.all_kb) / 1024.0, (memory_peak.own_kb - start.own_kb) / 1024.0);
  j_tail(tot_recv == st && connack_sp == nclients && st == (uint64_t)want);
  for (int k = 0; k < nclients; k++) leave(back[k]);
  return 0;
}
// ---- offfan: `total` messages, each for `clients` sessions, some of which come back for them
static void offfan_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  (void)id;
  if (tl != 7 || memcmp(topic, "dur/all", 7)) errors_++;
  if (seq < c->got)
    dup_or_reorder++;
  else if (seq > c->got)
    gaps++;
}
static int offfan(void) {
  strcpy(sub_filter, "dur/all");
  sub_qos = qos = 1;
  create_sessions(nclients);
  conn *c = publisher();
  c->sent_at = calloc(SENT_AT, sizeof *c->sent_at);
  time_acks = 1;
  m_start();
  int stalled = publish_all(c, total, "dur/all", 1);
  m_stop();
  j_head();
  printf(",\"clients\":%d,\"published\":%ld,\"stalled\":%d", nclients, total, stalled);
  j_meas("", c->acked);
  j_lat();
  sub_filter[0] = 0;
  connack_sp = 0;
  on_publish = offfan_pub;
  want_qos = 1;
  if (retries > nclients) retries = nclients;
  for (int k = 0; k < retries; k++) hello(dial(R_SUB, k * (nclients / retries)), 0);
  uint64_t want = (uint64_t)retries * total;
  watch w = watch_begin();
  while (tot_recv < want && !watch_stalled(&w, tot_recv)) poll_once(20);
  uint64_t t1 = now();
  while (now() - t1 < 100000000ull) poll_once(20);
  printf(",\"session_present\":%d,\"lost\":%ld,\"missing_acks\":%lu", connack_sp,
         (long)(want - tot_recv), (unsigned long)(tot_sent - tot_acked));
  j_tail(tot_recv == want && connack_sp == retries && (long)c->acked == total);
  return 0;
}
// ---- fill
static int fill(void) {
  strcpy(sub_filter, "dur/%d");
  sub_qos = qos = 1;
  m_start();
  create_sessions(nclients);
  m_stop();
  j_head();
  j_meas("conn_", nclients);
  conn *c = publisher();
  long want = (long)nclients * perclient;
  m_start();
  int stalled = publish_all(c, want, "dur/", 0);
  m_stop();
  j_meas("queue_", c->acked);
  printf(",\"clients\":%d,\"per_client\":%d,\"missing_acks\":%ld,\"stalled\":%d", nclients,
         perclient, want - (long)c->acked, stalled);
  j_tail((long)c->acked == want);
  leave(c);
  return 0;
}
// ---- returning: `wild` of the sessions of "fill" come back one after the other; latency is from
// the CONNACK to the first message
static uint64_t first_max;
static void returned(conn *c) { c->t0 = tnow; }
static void returning_pub(conn *c, const uint8_t *topic, int tl, uint32_t id, uint32_t seq) {
  if (c->got == 1) {
    uint64_t t = tnow - c->t0;
    hist_add(t);
    if (t > first_max) first_max = t;
  }
  durable_pub(c, topic, tl, id, seq);
}
static int returning(void) {
  uint64_t end = now() + (uint64_t)(limit * 1e9);
  qos = 1;
  if (!since) since = now();
  conn *c = 0;
  while (!(c = dial_if_listening(R_PUB, 0))) {
    if (now() > end) die("nothing listened within %.0f s", limit);
    usleep(500);
  }
  hello(c, 1);
  wait_ready(1, limit);
  double ready_ms = (now() - since) / 1e6, ready_cpu = cpu_of(bpid);
  memory ready = memory_peak = memory_now();
  on_ready = returned;
  on_publish = returning_pub;
  want_qos = 1;
  connack_sp = 0;
  if (retries > nclients) retries = nclients;
  int stalled = 0, good = 0, tried = 0;
  m_start();
  while (tried < retries && stalled < 2) {  // a broker that lost messages is not waited for forever
    conn *s = dial(R_SUB, tried++ * 7919L % nclients);
    hello(s, 0);
    watch w = watch_begin();
    while ((int)s->got < perclient && s->up >= 0) {
      poll_once(20);
      memory_sample();
      if (!watch_stalled(&w, s->got)) continue;
      stalled++;
      break;
    }
    good += (int)s->got == perclient;
    leave(s);
  }
  m_stop();
  j_head();
  printf(
      ",\"ready_ms\":%.0f,\"ready_cpu_s\":%.2f,\"ready_rss_mb\":%.1f,\"ready_own_mb\":%.1f,\"first_"
      "max_ms\":%.2f,"
      "\"peak_own_mb\":%.1f,\"session_present\":%d",
      ready_ms, ready_cpu, ready.all_kb / 1024.0, ready.own_kb / 1024.0, first_max / 1e6,
      memory_peak.own_kb / 1024.0, connack_sp);
  j_meas("return_", tried);
  j_lat();
  printf(",\"lost\":%ld,\"stalled\":%d", (long)tried * perclient - (long)tot_recv, stalled);
  j_tail(good == retries && connack_sp == retries);
  return 0;
}
