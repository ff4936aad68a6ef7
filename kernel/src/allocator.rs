//! The allocator of the process: mimalloc, and a note of what it could not give.
//!
//! Python makes and drops objects all the time: a fifth of a loop's turn would be the C library's allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;

use everloop::memory::{self, LARGE_BLOCK};
use mimalloc::MiMalloc;

pub(crate) struct Allocator;

#[expect(unsafe_code, reason = "mimalloc's crate does not declare it")]
// SAFETY: it is declared as in `mimalloc.h`, and may be called at any time by any thread.
unsafe extern "C" {
    safe fn mi_collect(force: bool);
    fn mi_usable_size(pointer: *const c_void) -> usize;
}

/// Gives the operating system what memory of the calling thread is free.
pub(crate) fn give_back() {
    mi_collect(true);
}

/// Notes a failure, after which the program is ended as a rule, and what is large.
fn noted(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() {
        everloop::fatal::allocation_failed(size);
    } else if size >= LARGE_BLOCK {
        memory::fill_by_small_pages(pointer, size);
    }
    pointer
}

/// Whether mimalloc would leave a block where it is that is to have another size.
#[expect(unsafe_code, reason = "it asks with a pointer")]
fn stays(pointer: *mut u8, size: usize) -> bool {
    // SAFETY: callers have `pointer` from mimalloc.
    let usable = unsafe { mi_usable_size(pointer.cast()) };
    size <= usable && size >= usable / 2
}

#[expect(unsafe_code, reason = "the trait is unsafe")]
// SAFETY: all of it is mimalloc's; the note is one atomic store, for a large block one system call, which neither allocate nor unwind.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on, here and below.
        noted(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        noted(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; `pointer` is mimalloc's.
        unsafe { MiMalloc.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size < LARGE_BLOCK || stays(pointer, size) {
            // SAFETY: as above; `pointer` is mimalloc's.
            let moved = unsafe { MiMalloc.realloc(pointer, layout, size) };
            return noted(moved, size.min(LARGE_BLOCK - 1));
        }
        // Which has to be known for a large block before something is copied to it.
        // SAFETY: the size and the alignment are the caller's, who promises that they fit; both blocks have so many bytes.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(pointer, size.min(layout.size()));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}
