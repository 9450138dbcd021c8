/* guard.c: the opt-in SIGBUS guard. A file cut short under its mapping raises SIGBUS at the first touch of a lost page;
 * inside hr_guard_run that becomes HR_E_IO. The handler is the only one the library can install; it looks at a
 * thread-local frame and passes every other signal on to whoever was there before. It stays installed, because taking
 * it out while another thread computes could not be made safe. */
#include "engine/base/sys.h"

#if !defined(HR_NO_FILES) && !defined(HR_NO_MMAP) && !defined(_WIN32)
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

typedef struct guard_frame {
    sigjmp_buf jump;
    uintptr_t begin, end;
    struct guard_frame *outer;
} guard_frame;

static _Thread_local guard_frame *guard_top;
/* the previous handlers; written once, before ours can run. 0 not installed, 1 being installed, 2 installed */
static struct sigaction guard_previous_bus, guard_previous_segv;
static int guard_installed;

static void guard_pass_on(int signo, siginfo_t *info, void *context) {
    const struct sigaction *previous = signo == SIGBUS ? &guard_previous_bus : &guard_previous_segv;
    if (previous->sa_flags & SA_SIGINFO) {
        previous->sa_sigaction(signo, info, context);
    } else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
        previous->sa_handler(signo);
    } else if (info->si_code > 0) { /* a fault: its instruction runs again and ends the process as it would have */
        sigaction(signo, previous, NULL);
    } else if (previous->sa_handler == SIG_DFL) { /* sent by a process: again, to where it would have gone */
        sigaction(signo, previous, NULL);
        pthread_kill(pthread_self(), signo);
    }
}

static void guard_on_signal(int signo, siginfo_t *info, void *context) {
    const uintptr_t at = (uintptr_t)info->si_addr;
    /* si_code > 0: a fault, and not kill() by some process */
    for (guard_frame *f = info->si_code > 0 ? guard_top : NULL; f != NULL; f = f->outer) {
        if (at >= f->begin && at < f->end) {
            guard_top = f->outer;
            sigset_t this_one; /* NODEFER leaves it open, but a tool that wraps sigaction (TSan) may block everything */
            sigemptyset(&this_one);
            sigaddset(&this_one, signo);
            pthread_sigmask(SIG_UNBLOCK, &this_one, NULL);
            siglongjmp(f->jump, 1);
        }
    }
    guard_pass_on(signo, info, context);
}

static bool guard_install(void) {
    int expected = 0;
    if (__atomic_load_n(&guard_installed, __ATOMIC_ACQUIRE) == 2) return true;
    if (!__atomic_compare_exchange_n(&guard_installed, &expected, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(&guard_installed, __ATOMIC_ACQUIRE) == 1) {
        }
        return __atomic_load_n(&guard_installed, __ATOMIC_ACQUIRE) == 2;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = guard_on_signal;
    /* NODEFER: the jump leaves the handler with the signal unblocked; ONSTACK: hosts like Go demand it */
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, NULL, &guard_previous_segv);
    bool ok = sigaction(SIGBUS, &action, &guard_previous_bus) == 0;
#if defined(__APPLE__) /* there a lost page may raise SIGSEGV */
    ok = ok && sigaction(SIGSEGV, &action, &guard_previous_segv) == 0;
#endif
    __atomic_store_n(&guard_installed, ok ? 2 : 0, __ATOMIC_RELEASE);
    return ok;
}

hr_status hr_guard_run(const void *addr, size_t size, hr_status (*fn)(void *arg), void *arg, hr_error *err) {
    if (!guard_install()) return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "guard", "the signal handler cannot be installed");
    guard_frame frame;
    frame.begin = (uintptr_t)addr;
    frame.end = size < UINTPTR_MAX - frame.begin ? frame.begin + size : UINTPTR_MAX; /* a range may be all there is */
    frame.outer = guard_top;
    if (sigsetjmp(frame.jump, 0) != 0) {
        return hr_fail(err, HR_E_IO, HR_NO_OFFSET, "file", "the file was cut short while it was mapped, or its device "
                       "cannot be read");
    }
    guard_top = &frame;
    hr_status status = fn(arg);
    guard_top = frame.outer;
    return status;
}

#else
hr_status hr_guard_run(const void *addr, size_t size, hr_status (*fn)(void *arg), void *arg, hr_error *err) {
    (void)addr, (void)size, (void)err;
    return fn(arg);
}
#endif
