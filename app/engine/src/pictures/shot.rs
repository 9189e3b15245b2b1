//! Views from a camera: one picture, a pair for two eyes, a turn around the patient, and how far away things lie.

use std::path::{Path, PathBuf};

use image::RgbaImage;
use meshing_volume::{Progress, Words};
use render_volume::{
    Camera, DepthPicture, MarchStatistics, MarkLine, MarkedView, Mode, PathError, PathTracer, Projection,
    Scene, ViewFrom, ViewMatrices, picture_from, picture_with_depths,
};

use super::{Kind, Studio, save};
use crate::{Fault, FaultKind};

/// What is drawn, from where and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shot {
    /// What.
    pub kind: Kind,
    /// From where.
    pub camera: Camera,
    /// Pixels across and down.
    pub size: [u32; 2],
}

impl Shot {
    /// The matrices of the camera in a picture of this shape.
    pub fn view(&self) -> ViewMatrices {
        self.camera.matrices(f64::from(self.size[0]) / f64::from(self.size[1].max(1)))
    }

    /// The left and the right eye, `apart_mm` from each other, looking in one direction. Their frusta are uneven so
    /// that both frame the same piece of the plane through the camera's target: what lies there has no parallax, what is
    /// nearer stands out of the picture. `None` for a parallel view, in which both eyes see the same.
    pub fn eyes(&self, apart_mm: f64) -> Option<[ViewMatrices; 2]> {
        if matches!(self.camera.projection, Projection::Orthographic { .. }) {
            return None;
        }
        let middle = self.view();
        let away = self.camera.eye.distance(self.camera.target);
        Some([-0.5, 0.5].map(|side| {
            let aside = side * apart_mm;
            let mut eye = middle;
            eye.view_from_lps.translation.x -= aside;
            // the target plane keeps its place: x' = x - aside at depth away
            eye.clip_from_view.z_axis.x -= eye.clip_from_view.x_axis.x * aside / away;
            eye
        }))
    }
}

impl Studio {
    /// A camera that has all that is framed in a picture of `size`, from one side of the patient.
    pub fn camera(&self, from: ViewFrom, size: [u32; 2]) -> Camera {
        let mut camera = Camera::looking_from(from, &self.bounds);
        let aspect = f64::from(size[0]) / f64::from(size[1].max(1));
        // the camera fits a square; a narrow picture needs more distance
        camera.zoom(aspect.min(1.0));
        camera
    }

    /// A picture of the volume or the surface from one side of the patient.
    ///
    /// # Errors
    /// As [`Studio::shoot`].
    pub fn view(&mut self, kind: Kind, from: ViewFrom, size: [u32; 2]) -> Result<RgbaImage, Fault> {
        self.shoot(&Shot { kind, camera: self.camera(from, size), size })
    }

    /// A picture of the volume or the surface.
    ///
    /// # Errors
    /// A device that fails, or a surface that was never added.
    pub fn shoot(&mut self, shot: &Shot) -> Result<RgbaImage, Fault> {
        let scene = self.scene(shot.kind)?;
        let mut drawn = picture_from(&self.gpu, &mut self.renderer, shot.size, &shot.view(), &scene)?;
        let marked = MarkedView::Eye(shot.view(), shot.camera.target);
        self.mark(&mut drawn, &marked, vec![MarkLine::plain(self.words_of(shot.kind))], true)?;
        Ok(drawn)
    }

    /// [`Studio::shoot`] with how far away each pixel lies.
    ///
    /// # Errors
    /// As [`Studio::shoot`].
    pub fn shoot_with_distances(&mut self, shot: &Shot) -> Result<DepthPicture, Fault> {
        let scene = self.scene(shot.kind)?;
        let mut drawn = picture_with_depths(&self.gpu, &mut self.renderer, shot.size, &shot.view(), &scene)?;
        let marked = MarkedView::Eye(shot.view(), shot.camera.target);
        self.mark(&mut drawn.colour, &marked, vec![MarkLine::plain(self.words_of(shot.kind))], true)?;
        Ok(drawn)
    }

    /// Two pictures of the shot's size side by side, the left eye's at the left.
    ///
    /// # Errors
    /// As [`Studio::shoot`]; a parallel view, which has no depth to see.
    pub fn pair(&mut self, shot: &Shot, apart_mm: f64) -> Result<RgbaImage, Fault> {
        let Some(eyes) = shot.eyes(apart_mm) else {
            return Err(Fault::new(
                FaultKind::Usage,
                ("A parallel view looks alike to both eyes.", "平行投影对双眼没有差别。"),
                ("Nothing was drawn.", "没有绘制任何内容。"),
                ("Leave out --orthographic.", "请去掉 --orthographic。"),
            ));
        };
        let scene = self.scene(shot.kind)?;
        let [width, height] = shot.size;
        let mut both = RgbaImage::new(width * 2, height);
        let titles = [Words::new("left eye", "左眼"), Words::new("right eye", "右眼")];
        for ((place, view), title) in [0, width].into_iter().zip(eyes).zip(titles) {
            let mut drawn = picture_from(&self.gpu, &mut self.renderer, shot.size, &view, &scene)?;
            let lines = vec![MarkLine::plain(self.words_of(shot.kind)), MarkLine::plain(title)];
            self.mark(&mut drawn, &MarkedView::Eye(view, shot.camera.target), lines, true)?;
            image::imageops::replace(&mut both, &drawn, place.into(), 0);
        }
        Ok(both)
    }

    /// Pictures all around the patient into `folder`, `count` of them at even steps; the camera walks to the right of
    /// the picture. Gives the files in order.
    ///
    /// # Errors
    /// As [`Studio::shoot`]; a folder that cannot be written; a halt by the user, after which the files so far are whole.
    pub fn turntable(
        &mut self,
        shot: &Shot,
        count: u32,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, Fault> {
        std::fs::create_dir_all(folder).map_err(|error| crate::faults::unwritable(folder, &error))?;
        let digits = count.saturating_sub(1).to_string().len().max(3);
        let mut files = Vec::new();
        for n in 0..count {
            progress.step(n as usize, count as usize)?;
            let mut turned = *shot;
            turned.camera.orbit(std::f64::consts::TAU * f64::from(n) / f64::from(count), 0.0);
            let file = folder.join(format!("frame-{n:0digits$}.png"));
            save(&self.shoot(&turned)?, &file)?;
            files.push(file);
        }
        progress.step(count as usize, count as usize)?;
        Ok(files)
    }

    /// What the rays through each volume do in a shot.
    pub fn statistics(&mut self, shot: &Shot) -> Vec<MarchStatistics> {
        let volumes = self.volume_items(shot.kind);
        let scene = Scene { volumes, clip: self.clip.clone(), ..Scene::default() };
        self.renderer.march_statistics(shot.size, &shot.view(), &scene)
    }

    /// A path-traced picture of the volume: light that is scattered, with soft shadows. More samples a pixel take longer
    /// and are less noisy.
    ///
    /// # Errors
    /// Segments, which this mode does not show; a device that fails; or a halt by the user.
    pub fn traced(
        &mut self,
        shot: &Shot,
        samples: u32,
        denoise: bool,
        progress: &dyn Progress,
    ) -> Result<RgbaImage, Fault> {
        let refused = |error: PathError| Fault::told(FaultKind::Refused, error.to_string());
        let (view, scene) = (shot.view(), self.scene(shot.kind)?);
        let mut tracer = PathTracer::new(&self.gpu);
        tracer.settings.denoise = denoise;
        let samples = samples.max(1);
        loop {
            let done = tracer.samples();
            progress.step(done as usize, samples as usize)?;
            if done >= samples {
                break;
            }
            // a few at a time, so that a halt is heard
            let next = (samples - done).min(4);
            tracer.advance(&mut self.renderer, shot.size, &view, &scene, next).map_err(refused)?;
            self.gpu.wait();
        }
        let mut drawn = tracer.picture(&mut self.renderer).map_err(refused)?;
        let name = self
            .volume_words((format!("path-traced, {samples} samples"), format!("路径追踪，{samples} 采样")));
        self.mark(&mut drawn, &MarkedView::Eye(view, shot.camera.target), vec![MarkLine::plain(name)], true)?;
        Ok(drawn)
    }

    fn words_of(&self, kind: Kind) -> Words {
        match kind {
            Kind::Dvr => self.volume_words(match self.look.look.mode {
                Mode::Dvr => ("volume", "体绘制"),
                Mode::Iso => ("surfaces of one value", "等值面"),
                _ => ("projection", "投影"),
            }),
            Kind::Mip => Words::new("maximum intensity", "最大密度投影"),
            Kind::MinIp => Words::new("minimum intensity", "最小密度投影"),
            Kind::Mean => Words::new("mean intensity", "平均密度投影"),
            Kind::Iso => Words::new("surfaces of one value", "等值面"),
            Kind::Surface => Words::new("surface", "表面"),
        }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::{Aabb, Point};

    use super::*;

    #[test]
    fn eyes_agree_at_the_target_and_nearer_things_stand_out() {
        let bounds = Aabb { min: Point::new(-100.0, -80.0, 0.0), max: Point::new(100.0, 80.0, 300.0) };
        let camera = Camera::looking_from(ViewFrom::Anterior, &bounds);
        let shot = Shot { kind: Kind::Dvr, camera, size: [400, 400] };
        let [left, right] = shot.eyes(63.0).expect("a perspective");
        let size = [400.0, 400.0];
        let column = |view: &ViewMatrices, y: f64| {
            view.pixel(Point::new(10.0, y, 150.0), size).expect("before the eye")[0]
        };
        assert!((left.eye().distance(right.eye()) - 63.0).abs() < 1e-9);
        // from the front the patient's left is at the right: the right eye stands to the patient's left
        assert!(right.eye().x() > left.eye().x());
        assert!((column(&left, 0.0) - column(&right, 0.0)).abs() < 1e-6, "no parallax at the target");
        // disparity of similar triangles: apart × (away − depth) / depth, in pixels at the target
        let away = camera.eye.distance(camera.target);
        let nearer = 60.0;
        let expected = 63.0 * nearer / (away - nearer) * 200.0 / (away * (std::f64::consts::PI / 12.0).tan());
        let seen = column(&left, -nearer) - column(&right, -nearer);
        assert!((seen - expected).abs() < 1e-6, "{seen} px, {expected} expected: crossed, so nearer");
        assert!(column(&left, 60.0) < column(&right, 60.0), "behind the target it is uncrossed");
        let flat = Shot { camera: camera.orthographic(), ..shot };
        assert!(flat.eyes(63.0).is_none());
    }
}
