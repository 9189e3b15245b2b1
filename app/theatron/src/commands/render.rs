//! `theatron render`.

mod fits;
mod options;
mod parse;
mod presets;
mod said;

use std::path::Path;
use std::sync::Arc;

use app_engine::pictures::{
    CameraFile, Curve, Cut, FuseWish, Kind, Plane, Shot, SliceFacts, SliceWish, Studio, SurfaceWish,
    Unrolled, in_one_space, projection_rows, read_points, save, save_distances, save_tiles, usual_preset,
    view_rows,
};
use app_engine::segment::load_mask;
use app_engine::{Fault, Stopwatch, guide, mesh, volumes};
use casebank_case::{Case, PlanShape, VolumeEntry, Words};
use casebank_store::Bank;
use image::RgbaImage;
use meshing_space::{Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::Volume;
use render_volume::{ClipPlane, Slab, SlabMode, ViewFrom, Window};
use serde_json::{Value, json};

use self::fits::usage;
pub(crate) use self::options::Arguments;
use self::options::{Mode, Projection, Side};
use self::parse::Along;
use super::bank::{actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Edge of a picture when nobody asked for another.
const PIXELS: u32 = 768;
/// Millimetres between a person's eyes when nobody gave them.
const APART_MM: f64 = 63.0;

/// What was drawn, and what is to be said of it.
#[derive(Default)]
struct Drawn {
    picture: Option<RgbaImage>,
    shot: Option<Shot>,
    slice: Option<SliceFacts>,
    draw_ms: f64,
    write_ms: f64,
    json: Value,
    words: Vec<Words>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let shelf = arguments.look.shelf()?;
    let (Some(case), Some(out)) = (&arguments.case, &arguments.out) else { return presets::list(&shelf) };
    if arguments.look.list_presets {
        return presets::list(&shelf);
    }
    arguments.fit()?;
    let bank = arguments.bank.open()?;
    let journal = bank.load(&case_id(case)?, &actor()?)?;
    let case = journal.case();
    let entry = match &arguments.volume {
        Some(named) => volumes::find(case, named)?,
        None => volumes::choose(case, None)?,
    };
    let stage = Stage::new(("render", "渲染"));
    let watch = Stopwatch::new();
    let volume = Arc::new(volumes::load(&bank, entry, &stage)?);
    let load_ms = watch.millis();
    let watch = Stopwatch::new();
    let wanted = arguments.look.preset.as_deref().unwrap_or_else(|| usual_preset(&entry.modality));
    let look = shelf.choose(wanted, arguments.look.preset_name.as_deref(), &volume)?;
    let mut warnings: Vec<Words> = Vec::new();
    // slices and surfaces show none of a preset's colours
    if matches!(arguments.mode, Mode::Dvr | Mode::Iso | Mode::Path) {
        warnings.extend(look.caution(&entry.modality));
    }
    let mut json = json!({"mode": format!("{:?}", arguments.mode).to_lowercase(), "volume": entry.id, "preset": said::look(&look)});
    let mut words: Vec<Words> = look.left_out.clone();
    let mut studio = Studio::with_look(&volume, look)?;
    studio.language = language();
    warnings.iter().cloned().for_each(|warning| studio.beware(warning));
    arguments.prepare(&mut studio, &bank, case, entry, &volume, &stage)?;
    let prepare_ms = watch.millis();
    let mut drawn = arguments.draw(&mut studio, case, out, &stage)?;
    stage.done(&out.display().to_string());

    let device = studio.device();
    merge(&mut json, json!({"draw_ms": drawn.draw_ms, "device": device, "warnings": words_json(&warnings)}));
    merge(&mut json, std::mem::take(&mut drawn.json));
    words.splice(0..0, warnings);
    words.append(&mut drawn.words);
    if arguments.stats {
        let (draw_ms, write_ms) = (drawn.draw_ms, drawn.write_ms);
        json["stages_ms"] =
            json!({"read": load_ms, "prepare": prepare_ms, "draw": draw_ms, "write": write_ms});
        words.push(said::stages(
            &[
                ("read", "读取", load_ms),
                ("prepared", "准备", prepare_ms),
                ("drawn", "绘制", draw_ms),
                ("written", "写出", write_ms),
            ],
            &studio.device_words(),
        ));
        statistics(&mut studio, &drawn, &mut json, &mut words);
    }
    let text = words.into_iter().fold(String::new(), |text, words| text + &say(words) + "\n");
    Answer::new(&json, format!("{}\n{text}", out.display()))
}

/// What the rays or samples did, quality and memory.
fn statistics(studio: &mut Studio, drawn: &Drawn, json: &mut Value, words: &mut Vec<Words>) {
    let quality = studio.quality();
    if let Some(shot) = &drawn.shot {
        let marched = studio.statistics(shot);
        words.extend(marched.iter().map(said::march));
        if let Some(first) = marched.first() {
            json["march"] = json!(first);
            json["march_of_volumes"] = json!(marched);
        }
    }
    if let Some(facts) = &drawn.slice {
        json["slice"] = json!(facts);
        words.push(said::slice(facts));
    }
    let (memory, memory_words) = said::memory(studio.volume_bytes());
    json["quality"] = json!(quality);
    json["memory"] = memory;
    words.push(said::quality(&quality));
    words.push(memory_words);
}

/// Adds the fields of another object.
fn merge(json: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (json, more) {
        fields.extend(more);
    }
}

fn words_json(words: &[Words]) -> Vec<Value> {
    words.iter().map(|w| json!({"message": w.en, "message_zh": w.zh})).collect()
}

impl Arguments {
    /// Draws and writes.
    fn draw(&self, studio: &mut Studio, case: &Case, out: &Path, stage: &Stage) -> Result<Drawn, Fault> {
        let watch = Stopwatch::new();
        let mut drawn = Drawn { json: json!({}), ..Drawn::default() };
        let kind = match self.mode {
            Mode::Dvr | Mode::Path => Kind::Dvr,
            Mode::Mip => Kind::Mip,
            Mode::Minip => Kind::MinIp,
            Mode::Mean => Kind::Mean,
            Mode::Iso => Kind::Iso,
            Mode::Surface => Kind::Surface,
            Mode::Mpr | Mode::Curved => {
                let (picture, facts) = studio.slice_with(&self.slice(studio, case)?)?;
                drawn.slice = Some(facts);
                return drawn.written(picture, out, &watch, self);
            }
        };
        let shot = self.shot(studio, kind)?;
        drawn.shot = (self.mode != Mode::Path).then_some(shot);
        drawn.json["camera"] = camera_json(&shot);
        if let Some(count) = self.camera.turntable {
            let files = studio.turntable(&shot, count, out, stage)?;
            drawn.draw_ms = watch.millis();
            let each = drawn.draw_ms / f64::from(count);
            merge(
                &mut drawn.json,
                json!({"folder": out, "frames": count, "files": files, "frame_ms": each, "width": shot.size[0], "height": shot.size[1]}),
            );
            drawn.words.push(Words::new(
                format!("{count} frames, {each:.0} ms each"),
                format!("{count} 帧，每帧 {each:.0} ms"),
            ));
            return Ok(drawn);
        }
        let picture = if self.mode == Mode::Path {
            let samples = self.look.samples.unwrap_or(64);
            drawn.json["samples"] = json!(samples);
            let picture = studio.traced(&shot, samples, !self.look.no_denoise, stage)?;
            let each = watch.millis() / f64::from(samples);
            drawn.json["sample_ms"] = json!(each);
            drawn.words.push(Words::new(
                format!("{samples} samples a pixel, {each:.0} ms each"),
                format!("每像素 {samples} 采样，每次 {each:.0} ms"),
            ));
            picture
        } else if self.camera.stereo {
            self.pair(studio, &shot, &mut drawn)?
        } else if let Some(file) = &self.more.depths {
            let both = studio.shoot_with_distances(&shot)?;
            let written = save_distances(&both, &shot.view(), file)?;
            drawn.json["depths"] = json!({"file": file, "written": written});
            drawn.words.push(said::distances(file, &written));
            both.colour
        } else {
            studio.shoot(&shot)?
        };
        drawn.written(picture, out, &watch, self)
    }

    fn pair(&self, studio: &mut Studio, shot: &Shot, drawn: &mut Drawn) -> Result<RgbaImage, Fault> {
        let apart = self.camera.ipd.unwrap_or(APART_MM);
        let picture = studio.pair(shot, apart)?;
        // the size and distance at which it is as large as life
        let away = shot.camera.eye.distance(shot.camera.target);
        let high = shot.view().pixels_per_mm(f64::from(shot.size[1]));
        let high = f64::from(shot.size[1]) * away / high;
        drawn.json["stereo"] = json!({"ipd_mm": apart, "eyes": ["left", "right"], "true_height_mm": high, "true_distance_mm": away});
        drawn.words.push(Words::new(
            format!("Eyes {apart} mm apart, the left one's picture at the left. As large as life where each is {high:.0} mm high and {away:.0} mm away."),
            format!("双眼相距 {apart} mm，左图供左眼。每幅图高 {high:.0} mm、距离 {away:.0} mm 时为真实大小。"),
        ));
        Ok(picture)
    }

    /// Segments, surfaces, another scan, cuts, window and steps as they were asked for.
    fn prepare(
        &self,
        studio: &mut Studio,
        bank: &Bank,
        case: &Case,
        entry: &VolumeEntry,
        volume: &Arc<Volume>,
        stage: &Stage,
    ) -> Result<(), Fault> {
        if let Some([center, width]) = self.look.window {
            studio.set_window(Window { center, width });
        }
        if let Some(step) = self.look.step {
            studio.set_step(step);
        }
        if !self.look.iso.is_empty() {
            studio.set_iso_surfaces(self.look.iso.clone());
        }
        if self.mode == Mode::Iso && !studio.has_iso_surfaces() {
            return Err(usage(
                ("The preset has no surfaces of one value.", "该预设没有等值面。"),
                (
                    "Give values with --iso, for example --iso 250, or a preset that has some (--list-presets).",
                    "请用 --iso 给出数值，例如 --iso 250，或选择带等值面的预设（--list-presets）。",
                ),
            ));
        }
        studio.tune(self.look.opacity.unwrap_or(1.0), self.look.shift.unwrap_or(0.0));
        if let Some(background) = self.background {
            studio.set_background(background);
        }
        if !self.shown.cuts.is_empty() {
            let plane = |[point, normal]: &[[f64; 3]; 2]| ClipPlane {
                point: Point::from_array(*point),
                normal: Vector::from_array(*normal),
            };
            let planes: Vec<ClipPlane> = self.shown.cuts.iter().map(plane).collect();
            studio.cut(&planes)?;
        }
        self.fuse(studio, bank, case, entry, stage)?;
        self.surfaces(studio, bank, case, stage)?;
        self.segments(studio, bank, case, entry, volume)
    }

    fn fuse(
        &self,
        studio: &mut Studio,
        bank: &Bank,
        case: &Case,
        entry: &VolumeEntry,
        stage: &Stage,
    ) -> Result<(), Fault> {
        let Some(wish) = &self.shown.fuse else { return Ok(()) };
        let other = volumes::find(case, &wish.volume)?;
        if other.id == entry.id {
            return Err(usage(
                ("A volume is not laid over itself.", "体数据不能与自身叠加。"),
                ("Name another one with --fuse or --volume.", "请用 --fuse 或 --volume 指定另一个。"),
            ));
        }
        in_one_space(entry, other)?;
        let over = Arc::new(volumes::load(bank, other, stage)?);
        let window = self.shown.fuse_window.map(|[center, width]| Window { center, width });
        studio.fuse(
            &over,
            &other.modality,
            &FuseWish { palette: wish.palette, opacity: wish.opacity, window },
        )
    }

    fn surfaces(&self, studio: &mut Studio, bank: &Bank, case: &Case, stage: &Stage) -> Result<(), Fault> {
        for wish in &self.shown.surfaces {
            let found = mesh_of(bank, case, &wish.name)?;
            let looks =
                SurfaceWish { colour: wish.colour, opacity: wish.opacity, outlined: self.shown.outline };
            studio.show_surface(&wish.name, found, &looks)?;
        }
        if let (Some(other), [only]) = (&self.shown.distance_to, self.shown.surfaces.as_slice()) {
            studio.colour_by_distance(&only.name, other, &mesh_of(bank, case, other)?, stage)?;
        }
        // where none is named: the one made last
        let usual =
            self.shown.surfaces.is_empty() && matches!(self.mode, Mode::Surface | Mode::Mpr | Mode::Curved);
        if let Some(surface) = case.surfaces.last().filter(|_| usual) {
            studio.add_surface(&mesh::load(bank, surface)?)?;
        }
        Ok(())
    }

    fn segments(
        &self,
        studio: &mut Studio,
        bank: &Bank,
        case: &Case,
        entry: &VolumeEntry,
        volume: &Volume,
    ) -> Result<(), Fault> {
        let of_volume = || case.segments.iter().filter(|segment| segment.volume == entry.id);
        let (hide, only) = (&self.shown.hide, &self.shown.only);
        let named = hide.iter().chain(only);
        if let Some(unknown) = named.clone().find(|name| of_volume().all(|segment| segment.name != **name)) {
            let there: Vec<&str> = of_volume().map(|segment| segment.name.as_str()).collect();
            return Err(usage(
                (format!("The volume has no segment {unknown:?}."), format!("体数据没有分割 {unknown:?}。")),
                listed(&there),
            ));
        }
        if !self.shown.segments && named.count() == 0 {
            return Ok(());
        }
        let masks: Result<Vec<_>, Fault> = of_volume()
            .map(|segment| Ok((segment.name.clone(), load_mask(bank, segment, volume)?)))
            .collect();
        studio.add_segments(&masks?, self.shown.segments)?;
        studio.cut_by_segments(hide, only);
        Ok(())
    }

    /// What a camera is to see, and from where.
    fn shot(&self, studio: &Studio, kind: Kind) -> Result<Shot, Fault> {
        let size = self.size.unwrap_or([self.pixels.unwrap_or(PIXELS); 2]);
        let free = &self.camera;
        let mut camera = if let Some(file) = &free.from_camera {
            CameraFile::read(file)?.camera()?
        } else if let Some(eye) = free.camera_at {
            CameraFile {
                eye,
                target: free.look_at.unwrap_or_else(|| studio.middle().to_array()),
                up: free.up.unwrap_or([0.0, 0.0, 1.0]),
                fov_deg: free.fov,
                height_mm: None,
            }
            .camera()?
        } else {
            studio.camera(side(free.camera.unwrap_or(Side::Anterior)), size)
        };
        if free.orthographic {
            camera = camera.orthographic();
        }
        Ok(Shot { kind, camera, size })
    }

    fn slice(&self, studio: &Studio, case: &Case) -> Result<SliceWish, Fault> {
        let slice = &self.slice;
        let mode = match slice.projection {
            Some(Projection::Maximum) => SlabMode::Maximum,
            Some(Projection::Minimum) => SlabMode::Minimum,
            Some(Projection::Mean) | None => SlabMode::Mean,
        };
        let point = slice.at.map_or_else(|| studio.middle(), Point::from_array);
        let cut = match (&slice.along, slice.normal) {
            (Some(along), _) => Cut::Along(Curve {
                points: curve_points(along, case)?,
                width_mm: slice.width.unwrap_or(if slice.stretch.is_some() { 30.0 } else { 60.0 }),
                unrolled: slice.stretch.map_or_else(
                    || Unrolled::Straightened(slice.turn.unwrap_or(0.0)),
                    |lines| Unrolled::Stretched(Vector::from_array(lines)),
                ),
            }),
            (None, Some(normal)) => Cut::Across(Vector::from_array(normal), point),
            (None, None) => Cut::Plane(plane(self.camera.camera.unwrap_or(Side::Anterior)), point),
        };
        let palette = slice.palette.unwrap_or_default();
        Ok(SliceWish { cut, slab: Slab::new(slice.slab.unwrap_or(0.0), mode), palette, pixels: self.pixels })
    }
}

impl Drawn {
    /// Writes the picture and what goes beside it.
    fn written(
        mut self,
        picture: RgbaImage,
        out: &Path,
        watch: &Stopwatch,
        arguments: &Arguments,
    ) -> Result<Self, Fault> {
        self.draw_ms = watch.millis();
        let writing = Stopwatch::new();
        save(&picture, out)?;
        if let Some(file) = &arguments.more.tiles {
            let count = save_tiles(&picture, file)?;
            self.json["tiles"] = json!({"file": file, "count": count});
            let file = file.display();
            self.words.push(Words::new(format!("{file}: {count} tiles"), format!("{file}：{count} 个分块")));
        }
        self.write_ms = writing.millis();
        merge(&mut self.json, json!({"file": out, "width": picture.width(), "height": picture.height()}));
        self.picture = Some(picture);
        Ok(self)
    }
}

/// The camera and its matrices.
fn camera_json(shot: &Shot) -> Value {
    let mut camera = json!(CameraFile::of(&shot.camera));
    let view = shot.view();
    merge(&mut camera, json!({"view_from_lps": view_rows(&view), "clip_from_view": projection_rows(&view)}));
    camera
}

/// The mesh of a surface or a solid of a case.
fn mesh_of(bank: &Bank, case: &Case, name: &str) -> Result<Mesh, Fault> {
    if let Some(surface) = case.surface(name) {
        return mesh::load(bank, surface);
    }
    if let Some(solid) = case.solid(name) {
        return guide::load(bank, solid);
    }
    let surfaces = case.surfaces.iter().map(|surface| surface.segment.as_str());
    let there: Vec<&str> = surfaces.chain(case.solids.iter().map(|solid| solid.name.as_str())).collect();
    Err(usage(
        (format!("The case has no surface or solid {name:?}."), format!("病例中没有表面或实体 {name:?}。")),
        listed(&there),
    ))
}

fn listed(there: &[&str]) -> Words {
    if there.is_empty() {
        return Words::new("It has: none yet.", "目前没有。");
    }
    Words::new(format!("It has: {}.", there.join(", ")), format!("它有：{}。", there.join("、")))
}

/// The points of a curve that somebody named.
fn curve_points(along: &Along, case: &Case) -> Result<Vec<Point<meshing_space::Lps>>, Fault> {
    match along {
        Along::Points(points) => Ok(points.iter().copied().map(Point::from_array).collect()),
        Along::File(file) => read_points(file),
        Along::Planned(name) => match case.plan_object(name).map(|planned| &planned.shape) {
            Some(PlanShape::Curve { points_lps_mm, closed }) => {
                let mut points = points_lps_mm.clone();
                points.extend(points_lps_mm.first().filter(|_| *closed));
                Ok(points)
            }
            Some(other) => Err(usage(
                (
                    format!("{name:?} is a planned {}, not a curve.", other.kind()),
                    format!("规划对象 {name:?} 不是曲线。"),
                ),
                ("Name a curve (`theatron plan list`).", "请指定曲线（`theatron plan list`）。"),
            )),
            None => {
                let curves =
                    case.plan.iter().filter(|planned| matches!(planned.shape, PlanShape::Curve { .. }));
                let names: Vec<&str> = curves.map(|planned| planned.name.as_str()).collect();
                Err(usage(
                    (
                        format!("The case has no planned curve {name:?}."),
                        format!("病例中没有规划曲线 {name:?}。"),
                    ),
                    listed(&names),
                ))
            }
        },
    }
}

fn side(camera: Side) -> ViewFrom {
    match camera {
        Side::Anterior | Side::Coronal => ViewFrom::Anterior,
        Side::Posterior => ViewFrom::Posterior,
        Side::Left | Side::Sagittal => ViewFrom::Left,
        Side::Right => ViewFrom::Right,
        Side::Superior => ViewFrom::Superior,
        Side::Inferior | Side::Axial => ViewFrom::Inferior,
    }
}

fn plane(camera: Side) -> Plane {
    match camera {
        Side::Axial | Side::Superior | Side::Inferior => Plane::Axial,
        Side::Coronal | Side::Anterior | Side::Posterior => Plane::Coronal,
        Side::Sagittal | Side::Left | Side::Right => Plane::Sagittal,
    }
}
