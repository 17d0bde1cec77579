// What Swift's Glibc module lacks: Linux system interfaces, and GNU functions it hides behind feature macros.
#pragma once
#include <iconv.h>
#include <malloc.h>
#include <stddef.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>

int statx(int dirfd, const char *restrict path, int flags, unsigned int mask, struct statx *restrict buffer);
void *memmem(const void *haystack, size_t haystack_length, const void *needle, size_t needle_length);
void *memrchr(const void *bytes, int value, size_t count);
int pipe2(int descriptors[2], int flags);
int pidfd_open(int process, unsigned int flags);
int pidfd_send_signal(int descriptor, int signal, void *information, unsigned int flags);
// Declared with "..." by the C library, which Swift can't call; the arguments travel the same way.
int prctl(int option, unsigned long first, unsigned long second, unsigned long third, unsigned long fourth);
int accept4(int socket, struct sockaddr *restrict address, unsigned int *restrict length, int flags);
int sem_clockwait(sem_t *restrict semaphore, int clock, const struct timespec *restrict deadline);
long process_vm_readv(
    int process, const struct iovec *local, unsigned long local_count, const struct iovec *remote, unsigned long remote_count,
    unsigned long flags);
