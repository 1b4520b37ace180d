/*
 * Loaded into a server with LD_PRELOAD: writes down what the server asked of the file system below one
 * directory, so that power-cut.ts can undo what no fsync has made durable. One line each, fields parted by tabs:
 *
 *   C path             a file is created                ┐ operations on directories, written down before they
 *   M path             a directory is created           │ happen, numbered by their order from 0
 *   R ino from to n    a file is renamed                │ n: what the operation takes away is kept as a hard
 *   U path n           a file is removed                ┘    link of that name in the directory `kept`; or -
 *   I ino path         the inode of the file created last
 *   S ino size n       a file is synced up to that size; n operations had begun when its sync began
 *   Y n                a directory is synced, with n operations
 *   T ino size         a file is truncated
 *   X what             something that the model does not know
 *
 * SLUICE_CRASH_DATA names the directory, SLUICE_CRASH_JOURNAL the one for `journal` and `kept`. The process kills
 * itself after SLUICE_CRASH_LINES lines, if that is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The function that this one stands in front of. */
#define NEXT(name)                                   \
  static __typeof__(&name) next;                     \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static const char *data;
static size_t data_length;
static char kept[PATH_MAX];
static int journal = -1;
static atomic_int operations;
static atomic_int lines_left;
/* Makes an operation and its line one step. */
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void line(const char *format, ...) {
  char text[3 * PATH_MAX];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (write(journal, text, length) != length) abort();
  if (--lines_left == 0) kill(getpid(), SIGKILL);
}

/* Goes on counting where the journal of an earlier process stopped. */
__attribute__((constructor)) static void begin(void) {
  char path[PATH_MAX];
  const char *directory = getenv("SLUICE_CRASH_JOURNAL");
  const char *watched = getenv("SLUICE_CRASH_DATA");
  if (directory == NULL || watched == NULL) return;
  snprintf(kept, sizeof kept, "%s/kept", directory);
  snprintf(path, sizeof path, "%s/journal", directory);
  FILE *earlier = fopen(path, "r");
  if (earlier != NULL) {
    char text[3 * PATH_MAX];
    while (fgets(text, sizeof text, earlier) != NULL) operations += strchr("CMRU", text[0]) != NULL;
    fclose(earlier);
  }
  journal = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (journal < 0) abort();
  const char *lines = getenv("SLUICE_CRASH_LINES");
  if (lines != NULL) lines_left = atoi(lines);
  data_length = strlen(watched);
  data = watched;
}

static int is_below(const char *path) {
  return data != NULL && strncmp(path, data, data_length) == 0 &&
         (path[data_length] == '/' || path[data_length] == '\0');
}

static int is_open_below(int fd) {
  char link[64], path[PATH_MAX];
  if (data == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return is_below(path);
}

/* Keeps what an operation is about to take away; its name, or "-" where there is nothing. */
static const char *keep(const char *path, char name[16]) {
  char target[PATH_MAX + 16];
  snprintf(name, 16, "%d", operations);
  snprintf(target, sizeof target, "%s/%s", kept, name);
  return link(path, target) == 0 ? name : "-";
}

static unsigned long inode(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0 ? found.st_ino : 0;
}

/* Whether opening the file changes what the directory or the file holds; writes down that it is created. */
static int changes(const char *path, int flags, int *existed) {
  if (!(flags & (O_CREAT | O_TRUNC)) || !is_below(path)) return 0;
  pthread_mutex_lock(&order);
  *existed = inode(path) != 0;
  if (!*existed) {
    line("C\t%s\n", path);
    operations++;
  }
  return 1;
}

static void changed(const char *path, int flags, int existed) {
  unsigned long found = inode(path);
  if (found != 0 && !existed) line("I\t%lu\t%s\n", found, path);
  if (found != 0 && existed && flags & O_TRUNC) line("T\t%lu\t0\n", found);
  pthread_mutex_unlock(&order);
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    NEXT(name);                                           \
    va_list more;                                         \
    va_start(more, flags);                                \
    mode_t mode = va_arg(more, mode_t);                   \
    va_end(more);                                         \
    int existed, is_change = changes(path, flags, &existed); \
    int fd = next(path, flags, mode);                     \
    if (is_change) changed(path, flags, existed);         \
    return fd;                                            \
  }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                       \
  FILE *name(const char *path, const char *mode) {        \
    NEXT(name);                                           \
    int flags = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT : 0; \
    int existed, is_change = changes(path, flags, &existed); \
    FILE *file = next(path, mode);                        \
    if (is_change) changed(path, flags, existed);         \
    return file;                                          \
  }
FOPEN(fopen)
FOPEN(fopen64)

int mkdir(const char *path, mode_t mode) {
  NEXT(mkdir);
  if (!is_below(path) || inode(path) != 0) return next(path, mode);
  pthread_mutex_lock(&order);
  line("M\t%s\n", path);
  operations++;
  int result = next(path, mode);
  pthread_mutex_unlock(&order);
  return result;
}

int rename(const char *from, const char *to) {
  NEXT(rename);
  if (!is_below(from)) return next(from, to);
  char name[16];
  pthread_mutex_lock(&order);
  line("R\t%lu\t%s\t%s\t%s\n", inode(from), from, to, keep(to, name));
  operations++;
  int result = next(from, to);
  pthread_mutex_unlock(&order);
  return result;
}

int unlink(const char *path) {
  NEXT(unlink);
  if (!is_below(path)) return next(path);
  char name[16];
  pthread_mutex_lock(&order);
  line("U\t%s\t%s\n", path, keep(path, name));
  operations++;
  int result = next(path);
  pthread_mutex_unlock(&order);
  return result;
}

static int recorded_sync(int (*next)(int), int fd) {
  struct stat before;
  int is_recorded = is_open_below(fd) && fstat(fd, &before) == 0;
  int begun = operations;
  int result = next(fd);
  if (result != 0 || !is_recorded) return result;
  if (S_ISDIR(before.st_mode)) line("Y\t%d\n", begun);
  else line("S\t%lu\t%lld\t%d\n", before.st_ino, (long long)before.st_size, begun);
  return result;
}

int fsync(int fd) {
  NEXT(fsync);
  return recorded_sync(next, fd);
}

int fdatasync(int fd) {
  NEXT(fdatasync);
  return recorded_sync(next, fd);
}

#define TRUNCATE(name, offset)                                                    \
  int name(int fd, offset size) {                                                 \
    NEXT(name);                                                                   \
    struct stat found;                                                            \
    if (is_open_below(fd) && fstat(fd, &found) == 0)                              \
      line("T\t%lu\t%lld\n", found.st_ino, (long long)size);                      \
    return next(fd, size);                                                        \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

/* Files are only ever appended to: what overwrites would need another model. */
#define PWRITE(name, offset)                                                      \
  ssize_t name(int fd, const void *bytes, size_t count, offset at) {              \
    NEXT(name);                                                                   \
    struct stat found;                                                            \
    if (is_open_below(fd) && fstat(fd, &found) == 0 && at < found.st_size)        \
      line("X\toverwrites %lu at %lld\n", found.st_ino, (long long)at);           \
    return next(fd, bytes, count, at);                                            \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define MMAP(name, offset)                                                        \
  void *name(void *where, size_t length, int access, int flags, int fd, offset at) { \
    NEXT(name);                                                                   \
    if (fd >= 0 && access & PROT_WRITE && flags & MAP_SHARED && is_open_below(fd)) \
      line("X\tmaps a file for writing\n");                                       \
    return next(where, length, access, flags, fd, at);                            \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)
