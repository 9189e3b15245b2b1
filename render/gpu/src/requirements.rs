//! What drawing asks of a device. Everything is optional: each pass has a path without it.

/// What drawing asks of a device; Bevy's and OpenXR's device creation read it too.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Requirements {
    /// Features to switch on where the adapter has them. None of them changes a result beyond rounding:
    /// 16-bit normalised textures (a volume at half the memory), filtered f32 textures, time stamps, and both eyes
    /// in one pass.
    pub optional_features: wgpu::Features,
}

/// What drawing asks of a device.
pub fn requirements() -> Requirements {
    Requirements {
        optional_features: wgpu::Features::TEXTURE_FORMAT_16BIT_NORM
            .union(wgpu::Features::FLOAT32_FILTERABLE)
            .union(wgpu::Features::TIMESTAMP_QUERY)
            .union(wgpu::Features::MULTIVIEW),
    }
}

impl Requirements {
    /// The features to ask for, out of those that `adapter` offers.
    pub fn features(&self, adapter: &wgpu::Adapter) -> wgpu::Features {
        self.optional_features & adapter.features()
    }

    /// The limits to ask for: all that `adapter` can do, since a volume may need the largest 3D texture.
    #[expect(clippy::unused_self, reason = "beside `features`, so that a caller asks one value for both")]
    pub fn limits(&self, adapter: &wgpu::Adapter) -> wgpu::Limits {
        adapter.limits()
    }
}
