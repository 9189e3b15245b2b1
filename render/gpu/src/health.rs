//! What becomes of a device: whether it was lost, what it refused, and work that fails with words.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Gpu;

/// Why a device did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// It was lost: its driver crashed or was replaced, the card was pulled, or work on it took too long.
    #[error(
        "the graphics device was lost ({reason}), and nothing more can be drawn on it; open it again and draw the scene \
         there"
    )]
    Lost {
        /// What the driver says.
        reason: String,
    },
    /// Its memory does not suffice.
    #[error(
        "the graphics device has not enough memory for what is to be drawn; make the picture smaller, or show volumes \
         at a coarser level"
    )]
    OutOfMemory,
    /// It cannot do what was asked, or the driver failed.
    #[error("the graphics device refused to draw ({0}), so that there is no picture; please report this")]
    Refused(String),
}

impl DeviceError {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Lost { reason } => {
                format!("图形设备已丢失（{reason}），无法继续在其上绘制；请重新打开设备并重新绘制场景")
            }
            Self::OutOfMemory => {
                "图形设备显存不足，无法绘制；请缩小图像，或以较粗的级别显示体数据".to_owned()
            }
            Self::Refused(what) => format!("图形设备拒绝绘制（{what}），没有生成图像；请报告此问题"),
        }
    }
}

impl From<wgpu::Error> for DeviceError {
    fn from(error: wgpu::Error) -> Self {
        match error {
            wgpu::Error::OutOfMemory { .. } => Self::OutOfMemory,
            other => Self::Refused(other.to_string().split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
}

/// What a device's callbacks have told.
#[derive(Debug, Default)]
pub(crate) struct Health {
    lost: Mutex<Option<String>>,
    /// The first error since last asked that no [`Gpu::guarded`] caught.
    error: Mutex<Option<DeviceError>>,
}

impl Health {
    /// Listens to a device. Without that, wgpu ends the program at the first error that nobody catches.
    pub(crate) fn watch(device: &wgpu::Device) -> Arc<Self> {
        let health = Arc::new(Self::default());
        // the device owns its callbacks, so they must not own what owns the device
        let told = Arc::downgrade(&health);
        device.set_device_lost_callback(move |reason, message| {
            let Some(health) = told.upgrade() else { return };
            let text = if message.is_empty() { format!("{reason:?}") } else { message };
            tracing::error!(reason = text, "the graphics device was lost");
            *health.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        });
        let told = Arc::downgrade(&health);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let error = DeviceError::from(error);
            tracing::error!(%error, "the graphics device refused something");
            if let Some(health) = told.upgrade() {
                health.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }));
        health
    }
}

impl Gpu {
    /// Why the device was lost, or `None` while it lives. Of somebody else's device ([`Gpu::from_parts`]) it is not
    /// known.
    pub fn lost(&self) -> Option<String> {
        let health = self.health.as_ref()?;
        let told = || health.lost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told().or_else(|| {
            // wgpu tells of a device that was destroyed only when it is asked
            self.poll(wgpu::PollType::Poll);
            told()
        })
    }

    /// The loss of the device, else the first error since the last call that no [`Gpu::guarded`] caught; on somebody
    /// else's device always `None`.
    pub fn take_error(&self) -> Option<DeviceError> {
        if let Some(reason) = self.lost() {
            return Some(DeviceError::Lost { reason });
        }
        self.health.as_ref()?.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Does work with the device, and says what went wrong in it: nothing that came of it may be used then. Errors
    /// of other threads are not seen; reading back tells of these.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, DeviceError> {
        if let Some(reason) = self.lost() {
            return Err(DeviceError::Lost { reason });
        }
        let scope = |filter| self.device.push_error_scope(filter);
        let internal = scope(wgpu::ErrorFilter::Internal);
        let validation = scope(wgpu::ErrorFilter::Validation);
        let memory = scope(wgpu::ErrorFilter::OutOfMemory);
        let done = work();
        // Out of memory comes first: what could not be made is then found missing, which is no news.
        let first = pollster::block_on(memory.pop());
        let second = pollster::block_on(validation.pop());
        let third = pollster::block_on(internal.pop());
        if let Some(reason) = self.lost() {
            return Err(DeviceError::Lost { reason });
        }
        first.or(third).or(second).map_or(Ok(done), |error| Err(error.into()))
    }

    /// A buffer that holds bytes, as wgpu's `create_buffer_init` makes one, which ends the program where the device is
    /// lost or full; this leaves the error to [`Gpu::guarded`]. Its size is made a multiple of 4.
    pub fn filled_buffer(&self, wanted: &wgpu::util::BufferInitDescriptor<'_>) -> wgpu::Buffer {
        const ALIGNMENT: usize = wgpu::COPY_BUFFER_ALIGNMENT as usize;
        let (bytes, length) = (wanted.contents, wanted.contents.len());
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: wanted.label,
            size: length.next_multiple_of(ALIGNMENT) as u64,
            usage: wanted.usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let (whole, rest) = bytes.split_at(length - length % ALIGNMENT);
        self.queue.write_buffer(&buffer, 0, whole);
        if !rest.is_empty() {
            let mut last = [0; ALIGNMENT];
            last[..rest.len()].copy_from_slice(rest);
            self.queue.write_buffer(&buffer, whole.len() as u64, &last);
        }
        buffer
    }

    /// Waits until everything submitted so far is done. False when the device was lost meanwhile.
    pub fn wait(&self) -> bool {
        self.poll(wgpu::PollType::wait_indefinitely()) && self.lost().is_none()
    }

    /// False when the device does not answer.
    fn poll(&self, how: wgpu::PollType) -> bool {
        // wgpu 29 panics where a device is lost while it is waited for; it has told of the loss by then, and let go of
        // its locks.
        catch_unwind(AssertUnwindSafe(|| self.device.poll(how).is_ok())).unwrap_or(false)
    }
}
