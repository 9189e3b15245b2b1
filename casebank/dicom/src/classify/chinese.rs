//! What kinds of objects are called in Chinese, by the keyword of their SOP class.

/// The common kinds; of the others the standard's own name is told.
pub(super) fn name(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "CTImageStorage" => "CT 图像",
        "EnhancedCTImageStorage" => "增强型 CT 图像",
        "LegacyConvertedEnhancedCTImageStorage" => "由旧格式转换的增强型 CT 图像",
        "MRImageStorage" => "MR 图像",
        "EnhancedMRImageStorage" => "增强型 MR 图像",
        "EnhancedMRColorImageStorage" => "增强型彩色 MR 图像",
        "LegacyConvertedEnhancedMRImageStorage" => "由旧格式转换的增强型 MR 图像",
        "MRSpectroscopyStorage" => "MR 波谱",
        "PositronEmissionTomographyImageStorage" => "PET 图像",
        "EnhancedPETImageStorage" => "增强型 PET 图像",
        "LegacyConvertedEnhancedPETImageStorage" => "由旧格式转换的增强型 PET 图像",
        "NuclearMedicineImageStorage" | "NuclearMedicineImageStorageRetired" => "核医学图像",
        "ComputedRadiographyImageStorage" => "计算机 X 线摄影（CR）图像",
        "DigitalXRayImageStorageForPresentation" => "数字 X 线图像（用于显示）",
        "DigitalXRayImageStorageForProcessing" => "数字 X 线图像（用于处理）",
        "DigitalMammographyXRayImageStorageForPresentation" => "数字乳腺 X 线图像（用于显示）",
        "DigitalMammographyXRayImageStorageForProcessing" => "数字乳腺 X 线图像（用于处理）",
        "DigitalIntraOralXRayImageStorageForPresentation" => "数字口内 X 线图像（用于显示）",
        "DigitalIntraOralXRayImageStorageForProcessing" => "数字口内 X 线图像（用于处理）",
        "XRayAngiographicImageStorage" => "X 线血管造影图像",
        "EnhancedXAImageStorage" => "增强型 X 线血管造影图像",
        "XRayRadiofluoroscopicImageStorage" => "X 线透视图像",
        "EnhancedXRFImageStorage" => "增强型 X 线透视图像",
        "XRay3DAngiographicImageStorage" => "三维 X 线血管造影图像",
        "XRay3DCraniofacialImageStorage" => "三维颅面 X 线图像",
        "BreastTomosynthesisImageStorage" => "乳腺断层合成图像",
        "UltrasoundImageStorage" | "UltrasoundImageStorageRetired" => "超声图像",
        "UltrasoundMultiFrameImageStorage" | "UltrasoundMultiFrameImageStorageRetired" => "多帧超声图像",
        "EnhancedUSVolumeStorage" => "增强型超声体数据",
        "VLEndoscopicImageStorage" => "内镜图像",
        "VideoEndoscopicImageStorage" => "内镜视频",
        "VLMicroscopicImageStorage" => "显微图像",
        "VideoMicroscopicImageStorage" => "显微视频",
        "VLWholeSlideMicroscopyImageStorage" => "全切片显微图像",
        "VLPhotographicImageStorage" => "照片",
        "VideoPhotographicImageStorage" => "视频",
        "DermoscopicPhotographyImageStorage" => "皮肤镜照片",
        "OphthalmicPhotography8BitImageStorage" | "OphthalmicPhotography16BitImageStorage" => "眼科照片",
        "OphthalmicTomographyImageStorage" => "眼科断层图像",
        "RTImageStorage" => "放疗图像（RTIMAGE）",
        "RTDoseStorage" => "放疗剂量（RTDOSE）",
        "RTBeamsTreatmentRecordStorage" => "放疗射束治疗记录",
        "RTBrachyTreatmentRecordStorage" => "近距离放疗记录",
        "RTTreatmentSummaryRecordStorage" => "放疗总结记录",
        "RTIonPlanStorage" => "离子放疗计划",
        "TwelveLeadECGWaveformStorage" => "12 导联心电波形",
        "GeneralECGWaveformStorage" => "心电波形",
        "AmbulatoryECGWaveformStorage" => "动态心电波形",
        "HemodynamicWaveformStorage" => "血流动力学波形",
        "BasicVoiceAudioWaveformStorage" => "语音",
        "ColorSoftcopyPresentationStateStorage" => "彩色显示状态",
        "PseudoColorSoftcopyPresentationStateStorage" => "伪彩显示状态",
        "BlendingSoftcopyPresentationStateStorage" => "融合显示状态",
        "MammographyCADSRStorage" => "乳腺 CAD 结构化报告（SR）",
        "ChestCADSRStorage" => "胸部 CAD 结构化报告（SR）",
        "ProcedureLogStorage" => "操作日志",
        "HangingProtocolStorage" => "挂片协议",
        "TractographyResultsStorage" => "纤维束追踪结果",
        "SurfaceScanMeshStorage" => "表面扫描网格",
        "SurfaceScanPointCloudStorage" => "表面扫描点云",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use dicom_core::dictionary::UidDictionary as _;
    use dicom_dictionary_std::StandardSopClassDictionary;

    /// A keyword that is misspelled here would never be met.
    #[test]
    fn the_dictionary_knows_every_keyword() {
        let source = include_str!("chinese.rs");
        let arms = source.split("mod tests").next().unwrap_or_default();
        let keywords = arms.split('"').skip(1).step_by(2).filter(|word| word.ends_with("Storage"));
        let mut count = 0;
        for keyword in keywords {
            assert!(super::name(keyword).is_some(), "{keyword}");
            assert!(StandardSopClassDictionary.by_keyword(keyword).is_some(), "{keyword}");
            count += 1;
        }
        assert!(count > 50, "the arms are looked through: {count}");
    }
}
