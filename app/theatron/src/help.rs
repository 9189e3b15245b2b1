//! What the command line says of itself, in Chinese: the help texts, found by their English, and errors of usage.

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command};

/// The template of clap with the word for usage in Chinese.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// The same command with its help in Chinese.
pub(crate) fn in_chinese(mut command: Command) -> Command {
    // Adds what clap adds by itself: --help, --version, the command help.
    command.build();
    translated(command)
}

fn translated(mut command: Command) -> Command {
    if let Some(about) = command.get_about().map(|text| chinese(&text.to_string())) {
        command = command.about(about);
    }
    if let Some(after) = command.get_after_help().map(|text| lines(&text.to_string())) {
        command = command.after_help(after);
    }
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .mut_args(argument)
        .mut_subcommands(translated)
}

fn argument(mut argument: Arg) -> Arg {
    // One text for -h and --help.
    if let Some(help) = argument.get_help().map(|text| chinese(&text.to_string())) {
        argument = argument.help(help.clone()).long_help(help);
    }
    let heading = if argument.is_positional() { "参数" } else { "选项" };
    argument.help_heading(heading)
}

/// The Chinese of a text, or the text where nobody has said it yet.
fn chinese(text: &str) -> String {
    let plain = text.trim_end_matches('.');
    TEXTS
        .iter()
        .find(|(english, _)| *english == plain)
        .map_or_else(|| text.to_owned(), |(_, zh)| (*zh).to_owned())
}

/// Examples stay as they are, each sentence on a line of its own is translated.
fn lines(text: &str) -> String {
    let line = |line: &str| {
        let line =
            line.replace("Examples:", "示例：").replace("Example: ", "示例：").replace("Options: ", "选项：");
        if line.starts_with(' ') { line } else { chinese(&line) }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What is wrong with a call, and where the help is.
pub(crate) fn usage_error(error: &clap::Error) -> String {
    let told = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (told(ContextKind::InvalidArg), told(ContextKind::InvalidValue));
    let what = match error.kind() {
        ErrorKind::UnknownArgument => format!("不认识参数 {argument}"),
        ErrorKind::InvalidSubcommand => format!("没有命令 {}", told(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("参数 {argument} 缺少值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("参数 {argument} 的值 {value:?} 无效")
        }
        ErrorKind::ArgumentConflict => {
            format!("参数 {argument} 不能与 {} 同时使用", told(ContextKind::PriorArg))
        }
        _ => format!("参数 {argument} 不正确"),
    };
    format!("{what}。没有做任何事。加上 --help 可查看用法。")
}

/// English without its last full stop, and Chinese.
const TEXTS: &[(&str, &str)] = &[
    // Every command.
    (
        "Surgical planning, teaching and navigation from the scan to the print. Not for clinical use",
        "从扫描到打印的手术规划、教学与导航。不可用于临床",
    ),
    (
        "Exit codes: 0 ok, 2 usage, 3 refused for safety or bad input, 4 peer or network, 5 internal",
        "退出码：0 成功，2 用法错误，3 因安全或输入有误而拒绝，4 对方或网络，5 内部错误。",
    ),
    ("Lengths are millimetres; coordinates are DICOM LPS", "长度以毫米计；坐标为 DICOM LPS。"),
    ("Answer with one JSON object on stdout", "在标准输出上以一个 JSON 对象回答"),
    (
        "Language of answers, en or zh; default: that of the locale",
        "回答的语言，en 或 zh；默认随系统区域设置",
    ),
    ("Print help", "显示帮助"),
    ("Print help (see more with '--help')", "显示帮助"),
    ("Print version", "显示版本"),
    ("Print this message or the help of the given subcommand(s)", "显示本帮助或所给命令的帮助"),
    ("Folder of the bank; default: $XDG_DATA_HOME/theatron", "病例库的文件夹；默认 $XDG_DATA_HOME/theatron"),
    ("The case", "病例编号"),
    // The commands.
    (
        "The main job end to end: import, stream, segment, mesh, print file, view",
        "完整的主流程：导入、传输、分割、表面、打印文件、查看",
    ),
    (
        "Read DICOM files and folders, NIfTI, NRRD and MetaImage into cases",
        "把 DICOM 文件和文件夹、NIfTI、NRRD、MetaImage 读入病例",
    ),
    (
        "The bank: list, show, search, export, verify cases; accept a finding",
        "病例库：列出、显示、搜索、导出、校验病例；接受问题",
    ),
    (
        "Turn a DICOM series, a research file or a mesh into another form",
        "把 DICOM 系列、科研格式文件或网格转换为另一种形式",
    ),
    ("Label a structure of a case", "标记病例中的结构"),
    (
        "Volumes and values of segments, and how well they agree with another",
        "分割的体积和数值，以及与另一分割的一致程度",
    ),
    ("Write the surface of a segment as a print file", "把分割的表面写成打印文件"),
    (
        "What is planned: points, planes, curves, regions, screws, drills and wires",
        "规划：点、平面、曲线、区域、螺钉、钻孔和钢针",
    ),
    (
        "Make a guide or another solid from a surface and the plan, check it and write its print file",
        "由表面和规划生成导板或其他实体，检查并写出打印文件",
    ),
    (
        "Check a solid of a case, or any mesh file, before it is printed; sign for it; write the report",
        "打印前检查病例的实体或任意网格文件；签字；写出报告",
    ),
    (
        "Make again what is out of date: segments, surfaces, guides, checks",
        "重新生成过期的内容：分割、表面、导板、检查",
    ),
    ("Draw a picture of a case", "绘制病例的图片"),
    ("Serve the volumes of a bank to clients", "向客户端提供病例库中的体数据"),
    ("Open the window, or the headset", "打开窗口或头显"),
    (
        "DICOM objects from the shell: dump, validate, convert, de-identify",
        "在命令行处理 DICOM 对象：列出、检查、转换、去标识化",
    ),
    (
        "Rewrite objects in Explicit VR Little Endian with native pixels, which every program reads. Nothing else \
         changes: the patient stays in them",
        "把对象改写为 Explicit VR Little Endian 和未压缩的像素，任何程序都能读取。其他都不改变：患者信息仍在其中",
    ),
    (
        "Folder for the new objects, one folder a series; nothing there is overwritten",
        "新对象的文件夹，每个系列一个文件夹；其中的内容不会被覆盖",
    ),
    ("Volumes in research formats are for the command convert", "科研格式的体数据请用 convert 命令"),
    ("Talk to a PACS: echo, find, pull, send", "与 PACS 通信：测试、查询、获取、发送"),
    ("Certificates of a site and its devices", "机构及其设备的证书"),
    ("What this machine lacks, and how to get it", "本机缺少什么，如何获得"),
    // import
    (
        "DICOM files, folders, ZIP archives or a DICOMDIR, or research files",
        "DICOM 文件、文件夹、ZIP 压缩包或 DICOMDIR，或科研格式文件",
    ),
    (
        "Modality of the research files, which do not state it, for example CT",
        "科研格式文件的设备类型（文件本身没有说明），例如 CT",
    ),
    (
        "A research file (.nii .nii.gz .nrrd .nhdr .mha .mhd) names no patient and becomes a case of its own",
        "科研格式文件（.nii .nii.gz .nrrd .nhdr .mha .mhd）没有患者信息，自成一个病例。",
    ),
    // case
    ("Every case, the one changed last first", "所有病例，最近修改的在前"),
    ("One case: volumes, findings, segments, surfaces", "一个病例：体数据、问题、分割、表面"),
    (
        "Cases whose title, patient or descriptions contain every word; Chinese names also by pinyin or initials",
        "标题、患者或描述中含有每个词的病例；中文姓名也可用拼音或首字母",
    ),
    (
        "The words, for example `王小东`, `wangxiaodong` or `wxd`",
        "要找的词，例如 `王小东`、`wangxiaodong` 或 `wxd`",
    ),
    (
        "Write segments as one DICOM object (.dcm), a volume as a DICOM series of its study (a folder), or a volume or a segment as a research file without patient data",
        "把分割写成一个 DICOM 对象（.dcm），把体数据写成其检查中的 DICOM 系列（文件夹），或把体数据或分割写成不含患者信息的科研格式文件",
    ),
    (
        "Id of the volume; without this and --segment: the most useful one",
        "体数据编号；不给此项和 --segment 时取最有用的一个",
    ),
    ("Name of a segment; may be given several times for a DICOM object", "分割的名称；DICOM 对象可给出多次"),
    (
        "In a DICOM object: contours (RTSTRUCT) rather than voxels (SEG)",
        "在 DICOM 对象中用轮廓（RTSTRUCT）而不用体素（SEG）",
    ),
    (
        "The file: .dcm, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd; or a folder without an ending for a volume as a series",
        "文件：.dcm、.nii、.nii.gz、.nrrd、.nhdr、.mha 或 .mhd；体数据写成系列时给没有扩展名的文件夹",
    ),
    ("Re-compute every hash of the bank", "重新计算病例库的所有哈希值"),
    (
        "A person takes responsibility for a severe finding; journalled with name and reason",
        "由人对严重问题负责；姓名和理由记入日志",
    ),
    ("Code of the finding, for example `missing_slice`", "问题代码，例如 `missing_slice`"),
    ("Who accepts it", "由谁接受"),
    ("Why", "理由"),
    // convert
    ("A DICOM folder or file, a research file, or a mesh", "DICOM 文件夹或文件、科研格式文件，或网格文件"),
    (
        "A research file or a mesh by its ending, or a folder for a DICOM series",
        "按扩展名写科研格式文件或网格，或给文件夹写 DICOM 系列",
    ),
    ("The values are labels and stay labels", "数值是标签，并保持为标签"),
    (
        "Modality of a research file, which does not state it, for example CT",
        "科研格式文件的设备类型（文件本身没有说明），例如 CT",
    ),
    (
        "Which volume or time point, from 1, where there are several",
        "有多个体数据或时间点时取第几个，从 1 起",
    ),
    (
        "Convert although the input has this severe finding; may be given several times",
        "尽管输入有此严重问题仍转换；可给出多次",
    ),
    (
        "Unit of a mesh file that does not state it: mm, cm, m or inch",
        "网格文件没有说明单位时的单位：mm、cm、m 或 inch",
    ),
    (
        "Repair a mesh first: join, turn and close it; says how far that moved its surface",
        "先修复网格：合并、翻正并封闭；并说明表面因此移动了多少",
    ),
    ("Do not pack the values of .nrrd, .nhdr, .mha and .mhd", "不压缩 .nrrd、.nhdr、.mha 和 .mhd 的数值"),
    (
        "Forms: .nii .nii.gz .nrrd .nhdr .mha .mhd, and a folder for a DICOM series; meshes: .3mf .stl .obj .ply .glb. Patient data is not carried over",
        "形式：.nii .nii.gz .nrrd .nhdr .mha .mhd；文件夹为 DICOM 系列；网格：.3mf .stl .obj .ply .glb。不带患者信息。",
    ),
    // dicom
    ("Print the elements of an object. They say who the patient is", "列出对象的元素。其中有患者身份"),
    ("The object", "对象文件"),
    (
        "Tell which attributes an object lacks; asks dciodvfy too where it is installed",
        "指出对象缺少哪些属性；装有 dciodvfy 时也用它检查",
    ),
    (
        "De-identify objects by PS3.15 Annex E. Pixels are looked at by option only (text, faces): read the sheet",
        "按 PS3.15 附录 E 对对象去标识化。只有按选项才查看像素（文字、面部）：请阅读输出的说明",
    ),
    ("DICOM files, folders or ZIP archives", "DICOM 文件、文件夹或 ZIP 压缩包"),
    (
        "Folder for the de-identified objects; nothing there is overwritten",
        "去标识化对象的文件夹；其中的内容不会被覆盖",
    ),
    ("Options of the profile, separated by commas", "保密规范（Profile）的选项，以逗号分隔"),
    (
        "File of the project's secret; made for its owner alone where it is missing. Keep it, and keep it to yourself",
        "项目的密钥文件；不存在时新建，只有所有者可读。请保存好，不要外传",
    ),
    // plan
    ("Add a plan object, or replace the one of that name", "加入规划对象，或替换同名的"),
    ("Every plan object of a case", "病例的所有规划对象"),
    ("Remove a plan object", "移除规划对象"),
    ("Its name", "名称"),
    ("Its name, unique in the case", "名称，在病例中唯一"),
    ("A landmark, LPS mm", "标志点，LPS mm"),
    ("A plane through this point, LPS mm", "过此点的平面，LPS mm"),
    ("Normal of the plane, of any length", "平面的法向量，长度不限"),
    ("A curve through these points, LPS mm", "过这些点的曲线，LPS mm"),
    ("The curve is closed", "曲线闭合"),
    ("A painted region around these points, LPS mm", "围绕这些点的涂画区域，LPS mm"),
    ("Radius of the brush, mm", "画笔半径，mm"),
    ("Where a trajectory enters the bone, LPS mm", "轨迹进入骨的位置，LPS mm"),
    ("Where its tip ends, LPS mm", "尖端终点，LPS mm"),
    ("Its diameter, mm", "直径，mm"),
    ("What goes along it", "沿轨迹的器械"),
    ("Words beside it", "附注"),
    (
        "Id of the volume it is planned on; default: the most useful one",
        "在哪个体数据上规划；默认为最有用的一个",
    ),
    // check
    ("A case, or a file: .stl, .3mf, .obj, .ply or .glb", "病例编号，或文件：.stl、.3mf、.obj、.ply 或 .glb"),
    ("Name of the solid of the case", "病例中实体的名称"),
    (
        "Unit of a file that does not state it: mm, cm, m or inch",
        "文件没有说明单位时的单位：mm、cm、m 或 inch",
    ),
    ("Printer profile, an id or a .toml file", "打印机配置，编号或 .toml 文件"),
    ("Material profile, an id or a .toml file", "材料配置，编号或 .toml 文件"),
    (
        "A person lets the solid leave although a check failed; journalled with name and reason",
        "虽有检查未通过，仍由人负责放行；姓名和理由记入日志",
    ),
    ("Why it may leave", "放行的理由"),
    (
        "Write the report with pictures to this PDF file, in the language of answers",
        "把带图片的报告写入此 PDF 文件，语言与回答相同",
    ),
    ("Write the print file of the solid: .3mf or .stl", "写出实体的打印文件：.3mf 或 .stl"),
    // mesh
    (
        "Name of the segment; given several times: one file with an object and a colour for each (.3mf, .glb, .obj)",
        "分割的名称；多次给出时写成一个文件，每个分割一个对象和颜色（.3mf、.glb、.obj）",
    ),
    (
        "Segments that touch share one wall without a gap; from the masks, not simplified",
        "相接的分割共享无缝的壁面；由掩膜生成，不做简化",
    ),
    (
        "Error that simplification may make, in mm; default: a quarter of the smallest voxel edge; 0 keeps every triangle",
        "简化允许的误差，mm；默认为最小体素边长的四分之一；0 保留全部三角形",
    ),
    (
        "The file: .3mf (carries its unit), .stl, .obj, .ply or .glb",
        "文件：.3mf（带单位）、.stl、.obj、.ply 或 .glb",
    ),
    ("Also draw it from four sides into this PNG file", "同时从四面绘制到此 PNG 文件"),
    // statistics
    ("A segment; may be given several times; default: all", "分割，可多次给出；默认为全部"),
    ("Compare each with this segment: Dice, HD95, NSD", "把每个分割与此分割比较：Dice、HD95、NSD"),
    ("How far apart two surfaces may lie and still count as one, mm", "两个表面相距多少仍视为一致，mm"),
    // segment
    ("How: see the list below", "方式：见下面的列表"),
    (
        "Instead of a method: the card (.toml) of a network that was installed here, its ONNX file beside it",
        "不用方法，而用此处已安装网络的卡片（.toml），其 ONNX 文件在旁边",
    ),
    (
        "Run the network in ONNX Runtime: the path of its library; default: THEATRON_ONNXRUNTIME, or the built-in engine",
        "用 ONNX Runtime 运行网络：其库的路径；默认为 THEATRON_ONNXRUNTIME，否则用内置引擎",
    ),
    ("Name of the segment; default: the method's id", "分割的名称；默认为方法的编号"),
    ("A parameter, KEY=VALUE; may be given several times", "参数 KEY=VALUE，可多次给出"),
    (
        "A place to start from, LPS mm, and its label (1 is the wanted structure); may be given several times",
        "起始位置（LPS mm）及其标签（1 为目标结构），可多次给出",
    ),
    (
        "A segment that it is made from, for methods that change some; may be given several times, order counts",
        "来源分割，用于修改分割的方法；可多次给出，按次序",
    ),
    (
        "Also write the labels to this file (one byte a voxel, i fastest, packed)",
        "同时把标签写入此文件（每体素一字节，i 最快，紧密排列）",
    ),
    (
        "Also draw it on three slices and as a surface into this PNG file",
        "同时在三个切面上并以表面绘制到此 PNG 文件",
    ),
    // guide
    ("What is made: see the list below", "要生成什么：见下面的列表"),
    ("Name of the segment whose surface it fits", "所贴合表面的分割名称"),
    (
        "Name of a plan object it is made from; may be given several times; default: all that are no points",
        "所依据的规划对象的名称，可多次给出；默认为除点以外的全部",
    ),
    ("Name of the solid; default: the recipe's id", "实体的名称；默认为配方的编号"),
    (
        "Direction in which it is pushed onto the bone; default: along the trajectories, or into the surface",
        "压到骨上的方向；默认沿轨迹，或朝向表面",
    ),
    (
        "What is engraved; default: numbers of case and plan, never a name; empty: nothing",
        "刻字内容；默认为病例和规划的编号，从不刻姓名；空：不刻",
    ),
    (
        "The file: .3mf (carries its unit) or .stl. Refused if a check fails",
        "文件：.3mf（带单位）或 .stl。检查未通过则拒绝",
    ),
    ("Also draw it on the bone from four sides into this PNG file", "同时在骨上从四面绘制到此 PNG 文件"),
    // measure
    (
        "Measure a mesh: size, axes, sections, how it bends, how far it lies from another",
        "测量网格：尺寸、主轴、截面、弯曲程度、与另一网格的距离",
    ),
    (
        "Name of the segment of the case; its surface must have been made with `theatron mesh`",
        "病例中分割的名称；其表面须已用 `theatron mesh` 生成",
    ),
    ("Unit of files that do not state it: mm, cm, m or inch", "文件没有说明单位时的单位：mm、cm、m 或 inch"),
    (
        "Cut by the plane through a point, LPS mm, across a normal; may be given several times",
        "用过一点（LPS mm）且垂直于法向的平面切开；可多次给出",
    ),
    ("Also mean and Gaussian curvature", "同时给出平均曲率和高斯曲率"),
    (
        "Distances to a mesh file, or to the surface of another segment of the case",
        "到网格文件或病例中另一分割的表面的距离",
    ),
    (
        "The figure at the ends of the colours, in mm (curvature: 1/mm); default: what fits",
        "色标两端的数值，mm（曲率为 1/mm）；默认自动选取",
    ),
    (
        "Write the mesh with a figure and a colour at each vertex: a .ply file",
        "写出每个顶点带数值和颜色的网格：.ply 文件",
    ),
    (
        "Draw it from four sides into this PNG file, coloured by distance or curvature",
        "从四面绘制到此 PNG 文件，按距离或曲率着色",
    ),
    // What other commands share.
    ("A case of the bank", "病例库中的病例"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    /// The commands whose help is told in Chinese word for word; of the others only what they share.
    const WHOLE: [&str; 12] = [
        "import",
        "case",
        "convert",
        "dicom",
        "segment",
        "plan",
        "mesh",
        "measure",
        "statistics",
        "guide",
        "check",
        "recompute",
    ];

    /// Every text of a command and of those within it.
    fn texts(command: &Command, said: &mut BTreeSet<String>) {
        let about = command.get_about().into_iter();
        let helps = command.get_arguments().filter_map(Arg::get_help);
        said.extend(about.chain(helps).map(ToString::to_string));
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        said.extend(
            after
                .lines()
                // What is set in describes itself in both languages.
                .filter(|line| !line.starts_with(' ') && !line.contains("theatron ") && line.contains('.'))
                .map(str::to_owned),
        );
        command.get_subcommands().for_each(|inner| texts(inner, said));
    }

    #[test]
    fn every_text_has_its_chinese_and_none_is_idle() {
        let mut all = crate::Arguments::command();
        all.build();
        let (mut whole, mut any) = (BTreeSet::new(), BTreeSet::new());
        texts(&all, &mut any);
        for command in all.get_subcommands().filter(|command| WHOLE.contains(&command.get_name())) {
            texts(command, &mut whole);
        }
        let untold: Vec<&String> = whole.iter().filter(|text| chinese(text) == **text).collect();
        assert!(untold.is_empty(), "{untold:#?}");
        let said = |english: &str| any.iter().any(|text| text.trim_end_matches('.') == english);
        let idle: Vec<&str> =
            TEXTS.iter().map(|(english, _)| *english).filter(|english| !said(english)).collect();
        assert!(idle.is_empty(), "{idle:#?}");
    }
}
