/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child process inherits of memory without a file.
 *
 *   inherit fork                 forks, then the child execs: who sees whose stores
 *   inherit maps                 the mappings of /dev/zero in this process
 *   inherit share FILE OFFSET    maps a page of a file, adds 1 to its first 8 bytes
 *
 * cc -o inherit inherit.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, KINDS = 3 };

static const char *const KIND[KINDS] = {"private", "/dev/zero", "anonymous shared"};

static void fail(const char *what) {
  fprintf(stderr, "inherit: %s: %s\n", what, strerror(errno));
  exit(1);
}

static volatile long *map(int flags, int fd, off_t offset) {
  void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (page == MAP_FAILED) {
    fail("mmap");
  }
  return page;
}

static void store(volatile long *const page[KINDS], long value) {
  for (int i = 0; i < KINDS; i++) {
    *page[i] = value;
  }
}

/* dprintf: a buffer would be inherited, too, and printed twice. */
static void print(const char *who, volatile long *const page[KINDS]) {
  dprintf(STDOUT_FILENO, "%s sees", who);
  for (int i = 0; i < KINDS; i++) {
    dprintf(STDOUT_FILENO, "%s %ld in %s", i ? "," : "", *page[i], KIND[i]);
  }
  dprintf(STDOUT_FILENO, "\n");
}

static void pass_turn(int fd) {
  if (write(fd, "", 1) != 1) {
    fail("write");
  }
}

static void await_turn(int fd) {
  char turn;
  if (read(fd, &turn, 1) != 1) {
    fail("read: the other process has ended");
  }
}

/* The kernel makes both kinds of shared memory as a deleted file of this name. */
static void print_maps(const char *who) {
  FILE *maps = fopen("/proc/self/maps", "r");
  if (maps == NULL) {
    fail("/proc/self/maps");
  }
  char line[8192];
  int count = 0;
  while (fgets(line, sizeof line, maps) != NULL) {
    count += strstr(line, " /dev/zero") != NULL;
  }
  fclose(maps);
  dprintf(STDOUT_FILENO, "%s has %d mappings of /dev/zero\n", who, count);
}

static int inherit_by_fork(void) {
  int zero = open("/dev/zero", O_RDWR);
  if (zero < 0) {
    fail("/dev/zero");
  }
  volatile long *const page[KINDS] = {
      map(MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      map(MAP_SHARED, zero, 0),
      map(MAP_SHARED | MAP_ANONYMOUS, -1, 0),
  };
  close(zero); /* the mapping stays */
  int to_child[2], to_parent[2];
  if (pipe(to_child) != 0 || pipe(to_parent) != 0) {
    fail("pipe");
  }
  store(page, 1);
  pid_t child = fork();
  if (child < 0) {
    fail("fork");
  }
  if (child == 0) {
    close(to_child[1]);
    close(to_parent[0]);
    print("child", page);
    store(page, 2);
    pass_turn(to_parent[1]);
    await_turn(to_child[0]);
    print("child", page);
    print_maps("child");
    execl("/proc/self/exe", "inherit", "maps", (char *)NULL);
    fail("exec");
  }
  close(to_child[0]);
  close(to_parent[1]);
  await_turn(to_parent[0]);
  print("parent", page);
  store(page, 3);
  pass_turn(to_child[1]);
  int status;
  if (waitpid(child, &status, 0) != child) {
    fail("waitpid");
  }
  return status != 0;
}

static int share(const char *file, const char *offset) {
  int fd = open(file, O_RDWR);
  if (fd < 0) {
    fail(file);
  }
  volatile long *page = map(MAP_SHARED, fd, (off_t)atoll(offset));
  dprintf(STDOUT_FILENO, "found %ld\n", *page);
  *page += 1;
  return 0;
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "fork") == 0) {
    return inherit_by_fork();
  }
  if (count == 2 && strcmp(words[1], "maps") == 0) {
    print_maps("after exec it");
    return 0;
  }
  if (count == 4 && strcmp(words[1], "share") == 0) {
    return share(words[2], words[3]);
  }
  fprintf(stderr, "usage: inherit fork | maps | share FILE OFFSET\n");
  return 2;
}
