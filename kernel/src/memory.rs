//! What the process keeps of the memory that its start has used.

use std::sync::OnceLock;

use rustpython_vm::function::db_doc;

/// Lets what little programs need be as little memory as they use. Called before much is allocated.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    linux::use_small_pages();
}

/// From this size on a block has pages of its own, in bytes.
pub const LARGE_BLOCK: usize = 4 << 20;

/// Lets what will be a large text or a list be given page by page. A page of 2 MB is faster to use, and is filled with zeros
/// first; where the host of a virtual machine has taken the free ones back that takes milliseconds for each, more than a text
/// is used for. Called before anything is written to the block.
pub fn fill_by_small_pages(block: *const u8, size: usize) {
    #[cfg(target_os = "linux")]
    linux::fill_by_small_pages(block, size);
}

/// Prepares, on a thread of its own, what the interpreter would have to wait for: decompresses the docstrings of the built-in
/// types, of which it asks for the first at once, and has the memory that it will use filled with zeros.
pub(crate) fn prepare() {
    let prepare = || {
        let _ = db_doc(0, 1);
        #[cfg(target_os = "linux")]
        linux::populate();
    };
    // Without it the start takes longer.
    let _ = std::thread::Builder::new()
        .name("prepare".to_owned())
        .spawn(prepare);
}

/// Gives back what the start has used and what is used again has no need of: free memory, and the pages of the program, of
/// which its file has another copy. Most of them are what builds the interpreter, and frozen modules.
pub(crate) fn give_back() {
    #[cfg(target_os = "linux")]
    linux::forget_program();
    give_back_free();
}

/// The allocator's, which the program has chosen.
static GIVE_BACK: OnceLock<fn()> = OnceLock::new();

/// Says how free memory of the calling thread is given back to the operating system.
pub fn give_back_by(give_back: fn()) {
    // A second allocator there is not.
    let _ = GIVE_BACK.set(give_back);
}

/// Gives back free memory of the calling thread.
pub(crate) fn give_back_free() {
    if let Some(give_back) = GIVE_BACK.get() {
        give_back();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Of what the allocator reserves, so much is given by the page of 4 KB. Beyond it come pages of 2 MB, which are faster, and
    /// of which a program that needs little would leave a good part empty.
    const BY_SMALL_PAGES: usize = 96 << 20;
    const LARGE_PAGE: usize = 2 << 20;
    const PAGE: usize = 4096;
    /// What every kernel uses before its first cell, behind the first large page.
    const USED_BY_START: usize = 16 << 20;
    /// Of which so much is made at a time: who changes the map of the memory meanwhile has to wait.
    const PART: usize = 1 << 20;

    /// Where the allocator began.
    static HEAP: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn use_small_pages() {
        let first = Box::new(0_u8);
        let start = std::ptr::from_ref(&*first).addr() & !(LARGE_PAGE - 1);
        advise(start, BY_SMALL_PAGES, libc::MADV_NOHUGEPAGE);
        HEAP.store(start, Ordering::Relaxed);
    }

    pub(super) fn fill_by_small_pages(block: *const u8, size: usize) {
        let (start, end) = (block.addr().next_multiple_of(PAGE), block.addr() + size);
        advise(
            start,
            end.saturating_sub(start) & !(PAGE - 1),
            libc::MADV_NOHUGEPAGE,
        );
    }

    pub(super) fn populate() {
        let start = HEAP.load(Ordering::Relaxed);
        if start != 0 {
            let used = start + LARGE_PAGE..start + LARGE_PAGE + USED_BY_START;
            for part in used.step_by(PART) {
                advise(part, PART, libc::MADV_POPULATE_WRITE);
            }
        }
    }

    /// Takes all pages of the program that are only read out of the process's memory; who reads one has it again.
    pub(super) fn forget_program() {
        #[expect(unsafe_code, reason = "it calls with a pointer")]
        // SAFETY: the function returns for the first object, the program, and keeps nothing.
        unsafe {
            libc::dl_iterate_phdr(Some(forget_segments), std::ptr::null_mut());
        }
    }

    #[expect(unsafe_code, reason = "it is called with a pointer")]
    // SAFETY: for `dl_iterate_phdr`, which calls it with a pointer that is valid during the call.
    unsafe extern "C" fn forget_segments(
        object: *mut libc::dl_phdr_info,
        _size: usize,
        _data: *mut c_void,
    ) -> c_int {
        // SAFETY: as above; it has as many headers as it says.
        let (base, headers) = unsafe {
            let object = &*object;
            let count = usize::from(object.dlpi_phnum);
            let headers = std::slice::from_raw_parts(object.dlpi_phdr, count);
            (object.dlpi_addr as usize, headers)
        };
        for header in headers {
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0 {
                let start = base + header.p_vaddr as usize;
                let begin = start & !(PAGE - 1);
                advise(
                    begin,
                    start + header.p_memsz as usize - begin,
                    libc::MADV_DONTNEED,
                );
            }
        }
        // The program is the first of them.
        1
    }

    /// Advice that cannot be followed costs memory and nothing else.
    fn advise(start: usize, length: usize, advice: c_int) {
        #[expect(unsafe_code, reason = "advice is a system call")]
        // SAFETY: `MADV_NOHUGEPAGE` and `MADV_POPULATE_WRITE` change no contents. `MADV_DONTNEED` is given for memory that is never written: whoever
        // reads there next gets the same from the file.
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(start), length, advice);
        }
    }
}
