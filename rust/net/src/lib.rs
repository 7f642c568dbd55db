//! Sockets and threads: listeners, batched UDP, shared memory, worker threads.
