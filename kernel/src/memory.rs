//! What the process keeps of the memory that its start has used.

use rustpython_vm::function::db_doc;

/// Lets what little programs need be as little memory as they use. Called before much is allocated.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    linux::use_small_pages();
}

/// Decompresses the docstrings of the built-in types on a thread of its own: the interpreter is built meanwhile, which asks for
/// the first of them at once.
pub(crate) fn fetch_docs() {
    let fetch = || {
        let _ = db_doc(0, 1);
    };
    let thread = std::thread::Builder::new().name("docs".to_owned());
    if let Err(error) = thread.spawn(fetch) {
        tracing::debug!(%error, "the interpreter decompresses the docstrings itself");
    }
}

/// Gives back what the start has used and what is used again has no need of: free memory, and the pages of the program, of
/// which its file has another copy. Most of them are what builds the interpreter, and frozen modules.
pub(crate) fn give_back() {
    #[cfg(target_os = "linux")]
    linux::forget_program();
    #[expect(unsafe_code, reason = "the allocator is written in C")]
    // SAFETY: it may be called at any time.
    unsafe {
        mi_collect(true);
    }
}

#[expect(unsafe_code, reason = "the allocator is written in C")]
unsafe extern "C" {
    fn mi_collect(force: bool);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{c_int, c_void};

    /// Of what the allocator reserves, so much is given by the page of 4 KB. Beyond it come pages of 2 MB, which are faster, and
    /// of which a program that needs little would leave a good part empty.
    const BY_SMALL_PAGES: usize = 96 << 20;
    const LARGE_PAGE: usize = 2 << 20;
    const PAGE: usize = 4096;

    pub(super) fn use_small_pages() {
        let first = Box::new(0_u8);
        let start = std::ptr::from_ref(&*first).addr() & !(LARGE_PAGE - 1);
        advise(start, BY_SMALL_PAGES, libc::MADV_NOHUGEPAGE);
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
                advise(begin, start + header.p_memsz as usize - begin, libc::MADV_DONTNEED);
            }
        }
        // The program is the first of them.
        1
    }

    /// Advice that cannot be followed costs memory and nothing else.
    fn advise(start: usize, length: usize, advice: c_int) {
        #[expect(unsafe_code, reason = "advice is a system call")]
        // SAFETY: `MADV_NOHUGEPAGE` changes no contents. `MADV_DONTNEED` is given for memory that is never written: whoever
        // reads there next gets the same from the file.
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(start), length, advice);
        }
    }
}
