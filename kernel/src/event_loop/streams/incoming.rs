//! Bytes that have arrived and wait to be read.

use std::ops::DerefMut;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, builtins::PyByteArray,
    protocol::BufferResizeGuard,
};

/// A queue of bytes: what is read leaves a gap at the front, which is closed now and then.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    start: usize,
}

impl Incoming {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn append(&mut self, data: Vec<u8>) {
        if self.start == self.bytes.len() {
            *self = Self {
                bytes: data,
                start: 0,
            };
            return;
        }
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(&data);
    }

    /// Takes the first `count` bytes, or all if there are fewer.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        if count >= self.as_slice().len() {
            return self.take_all();
        }
        let taken = self.as_slice()[..count].to_vec();
        self.start += count;
        taken
    }

    fn take_all(&mut self) -> Vec<u8> {
        let start = std::mem::take(&mut self.start);
        if start == 0 {
            return std::mem::take(&mut self.bytes);
        }
        let rest = self.bytes[start..].to_vec();
        self.bytes.clear();
        rest
    }
}

/// The buffer of a reader: ours, or a `bytearray` once Python has looked at `_buffer`.
#[derive(Debug)]
pub(super) enum Buffer {
    Own(Incoming),
    Shared(PyRef<PyByteArray>),
}

impl Default for Buffer {
    fn default() -> Self {
        Self::Own(Incoming::default())
    }
}

impl Buffer {
    pub(super) fn len(&self) -> usize {
        self.with(<[u8]>::len)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn with<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Own(incoming) => read(incoming.as_slice()),
            Self::Shared(array) => read(&array.borrow_buf()),
        }
    }

    pub(super) fn append(&mut self, data: Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        self.reclaim();
        match self {
            Self::Own(incoming) => incoming.append(data),
            Self::Shared(array) => resize(array, vm)?.extend_from_slice(&data),
        }
        Ok(())
    }

    /// Takes the first `count` bytes, or all if there are fewer.
    pub(super) fn take(&mut self, count: usize, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        self.reclaim();
        match self {
            Self::Own(incoming) => Ok(incoming.take(count)),
            Self::Shared(array) => {
                let mut bytes = resize(array, vm)?;
                let count = count.min(bytes.len());
                Ok(bytes.drain(..count).collect())
            }
        }
    }

    /// The `bytearray` that Python sees; what it does to it is done to the buffer.
    pub(super) fn share(&mut self, vm: &VirtualMachine) -> PyObjectRef {
        if let Self::Own(incoming) = self {
            let array = PyByteArray::from(incoming.take(usize::MAX));
            *self = Self::Shared(vm.ctx.new_pyref(array));
        }
        match self {
            Self::Shared(array) => array.clone().into(),
            Self::Own(_) => vm.ctx.none(),
        }
    }

    /// Takes the bytes back when nobody else holds the `bytearray` any more.
    fn reclaim(&mut self) {
        if let Self::Shared(array) = self
            && array.as_object().strong_count() == 1
        {
            let bytes = std::mem::take(&mut *array.borrow_buf_mut());
            *self = Self::Own(Incoming { bytes, start: 0 });
        }
    }
}

/// # Errors
/// BufferError while a `memoryview` of the array exists.
fn resize<'a>(
    array: &'a Py<PyByteArray>,
    vm: &VirtualMachine,
) -> PyResult<impl DerefMut<Target = Vec<u8>> + use<'a>> {
    drop(array.try_resizable(vm)?);
    Ok(array.borrow_buf_mut())
}

#[cfg(test)]
mod tests {
    use super::Incoming;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut incoming = Incoming::default();
        incoming.append(b"abc".to_vec());
        assert_eq!(incoming.take(1), b"a");
        incoming.append(b"de".to_vec());
        assert_eq!(incoming.take(3), b"bcd");
        incoming.append(b"f".to_vec());
        assert_eq!(incoming.as_slice(), b"ef");
        assert_eq!(incoming.take(9), b"ef");
        assert!(incoming.as_slice().is_empty());
    }

    #[test]
    fn what_is_read_whole_is_not_copied() {
        let mut incoming = Incoming::default();
        let data = b"abc".to_vec();
        let address = data.as_ptr();
        incoming.append(data);
        let taken = incoming.take(3);
        assert_eq!(taken.as_ptr(), address);
    }
}
