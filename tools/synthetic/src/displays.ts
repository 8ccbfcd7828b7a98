/**
 * Names of codes that are free to give, by code system: HL7's own systems as their packages have them, and
 * texts of federal agencies (ICD-10-CM, ICD-10-PCS, MS-DRG, names of drugs, states). The texts of CPT, NUBC,
 * NCPDP, X12 and the ADA need a licence, so their codes stay bare here: a plan that has the licence plugs its
 * tables in at load time.
 */
export const displays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'http://hl7.org/fhir/sid/icd-10-cm': {
    'A56.8': 'Sexually transmitted chlamydial infection of other sites',
    B20: 'Human immunodeficiency virus [HIV] disease',
    'E11.9': 'Type 2 diabetes mellitus without complications',
    'E78.5': 'Hyperlipidemia, unspecified',
    'F10.20': 'Alcohol dependence, uncomplicated',
    'F32.9': 'Major depressive disorder, single episode, unspecified',
    F82: 'Specific developmental disorder of motor function',
    'G47.33': 'Obstructive sleep apnea (adult) (pediatric)',
    'H66.90': 'Otitis media, unspecified, unspecified ear',
    I10: 'Essential (primary) hypertension',
    'J06.9': 'Acute upper respiratory infection, unspecified',
    'J18.9': 'Pneumonia, unspecified organism',
    'J45.909': 'Unspecified asthma, uncomplicated',
    'K21.9': 'Gastro-esophageal reflux disease without esophagitis',
    'M17.11': 'Unilateral primary osteoarthritis, right knee',
    'M54.50': 'Low back pain, unspecified',
    'R51.9': 'Headache, unspecified',
    'Z01.20': 'Encounter for dental examination and cleaning without abnormal findings',
  },
  'http://hl7.org/fhir/sid/ndc': {
    '00093111301': 'lisinopril 10 MG Oral Tablet',
    '00093310701': 'amoxicillin 250 MG Oral Capsule',
    '00093317431': 'albuterol 0.09 MG/ACTUAT Metered Dose Inhaler, 200 actuations',
    '00093505798': 'atorvastatin 10 MG Oral Tablet',
    '00093726701': 'metformin hydrochloride 500 MG Extended Release Oral Tablet',
    '00904672060': 'acetaminophen 325 MG Oral Tablet',
    '00904791260': 'ibuprofen 200 MG Oral Tablet',
    '62175011837': 'omeprazole 20 MG Delayed Release Oral Capsule',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication': {
    coinsurance: 'Co-insurance',
    discount: 'Discount',
    memberliability: 'Member liability',
    noncovered: 'Noncovered',
    paidbypatient: 'Paid by patient',
    paidtoprovider: 'Paid to provider',
    priorpayerpaid: 'Prior payer paid',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator': {
    adjustmentreason: 'Adjustment Reason',
    allowedunits: 'allowed units',
    benefitpaymentstatus: 'Benefit Payment Status',
    billingnetworkstatus: 'Billing Network Status',
    rejectreason: 'Reject Reason',
    renderingnetworkstatus: 'Rendering Network Status',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole': {
    attending: 'Attending',
    operating: 'Operating',
    prescribing: 'Prescribing provider',
    referring: 'Referring',
    rendering: 'Rendering provider',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimProcedureType': {
    principal: 'Principal',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType': {
    naiccode: 'NAIC Code',
    payerid: 'Payer ID',
    uc: 'Unique Claim ID',
    um: 'Unique Member ID',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType': {
    inpatient: 'Inpatient',
    outpatient: 'Outpatient',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus': {
    denied: 'Denied',
    innetwork: 'In Network',
    paid: 'Paid',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType': {
    additionalbodysite: 'Additional Body Site',
    admissionperiod: 'Admission Period',
    admtype: 'Admission Type',
    ambulancetransportreason: 'Ambulance Transport Reason',
    brandgenericindicator: 'Brand Generic Indicator',
    clmrecvddate: 'Claim Received Date',
    compoundcode: 'Compound Code',
    dawcode: 'DAW (Dispense As Written) Code',
    dayssupply: 'Days Supply',
    'discharge-status': 'Discharge Status',
    drg: 'DRG',
    dropofflocation: 'Drop-off Location',
    medicalrecordnumber: 'Medical Record Number',
    missingtoothnumber: 'Missing Tooth Number',
    orthodontics: 'Orthodontics',
    patientaccountnumber: 'Patient Account Number',
    patientweight: 'Patient Weight',
    pickuplocation: 'Pick-up Location',
    pointoforigin: 'Point Of Origin',
    prosthesis: 'Prosthesis',
    refillnum: 'Refill Number',
    refillsauthorized: 'Refills Authorized',
    roudtrippurpose: 'Round Trip Purpose',
    rxorigincode: 'Rx Origin Code',
    servicefacility: 'Service Facility',
    stretcherpurpose: 'Stretcher Purpose',
    transportationdistance: 'Transportation Distance',
    typeofbill: 'Type of Bill',
  },
  'http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSurfaceCodes': {
    O: 'Occlusal',
  },
  'http://hl7.org/fhir/us/core/CodeSystem/careplan-category': {
    'assess-plan': 'Assessment and Plan of Treatment',
  },
  'http://hl7.org/fhir/us/core/CodeSystem/us-core-category': {
    sdoh: 'SDOH',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/AcceptingPatientsCS': {
    existptonly: 'Accepting existing patients',
    newpt: 'Accepting',
    nopt: 'Not Accepting',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/AccessibilityCS': {
    handiaccess: 'handicap accessible',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/DeliveryMethodCS': {
    physical: 'Physical',
    virtual: 'Virtual',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/EndpointPayloadTypeCS': {
    NA: 'Not Applicable',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/HealthcareServiceCategoryCS': {
    outpat: 'Clinic or Outpatient Facility',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsurancePlanTypeCS': {
    catastrophic: 'Catastrophic-QHP',
    gold: 'Gold-QHP',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS': {
    mediadv: 'Medicare Advantage',
    qhp: 'Qualified Health Plan',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/LanguageProficiencyCS': {
    '30': 'General professional proficiency',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/OrgTypeCS': {
    fac: 'Facility',
    ntwk: 'Network',
    payer: 'Payer',
    prvgrp: 'Provider Group',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/OrganizationAffiliationRoleCS': {
    hospital: 'Hospital',
    outpatient: 'Clinic or Outpatient Facility',
    pharmacy: 'Pharmacy',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/ProviderRoleCS': {
    ph: 'Physician',
  },
  'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/VirtualModalitiesCS': {
    phone: 'phone',
  },
  'http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PDexAdjudicationCS': {
    noncovered: 'Noncovered',
  },
  'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode': {
    'urn:ihe:iti:xds:2017:mimeTypeSufficient': 'mimeType Sufficient',
  },
  'http://terminology.hl7.org/CodeSystem/adjudication': {
    benefit: 'Benefit Amount',
    copay: 'CoPay',
    deductible: 'Deductible',
    eligible: 'Eligible Amount',
    submitted: 'Submitted Amount',
  },
  'http://terminology.hl7.org/CodeSystem/claim-type': {
    institutional: 'Institutional',
    oral: 'Oral',
    pharmacy: 'Pharmacy',
    professional: 'Professional',
  },
  'http://terminology.hl7.org/CodeSystem/claimcareteamrole': {
    primary: 'Primary provider',
  },
  'http://terminology.hl7.org/CodeSystem/condition-category': {
    'encounter-diagnosis': 'Encounter Diagnosis',
    'problem-list-item': 'Problem List Item',
  },
  'http://terminology.hl7.org/CodeSystem/condition-clinical': {
    active: 'Active',
    resolved: 'Resolved',
  },
  'http://terminology.hl7.org/CodeSystem/condition-ver-status': {
    confirmed: 'Confirmed',
  },
  'http://terminology.hl7.org/CodeSystem/coverage-class': {
    group: 'Group',
    plan: 'Plan',
  },
  'http://terminology.hl7.org/CodeSystem/endpoint-connection-type': {
    'hl7-fhir-rest': 'HL7 FHIR',
  },
  'http://terminology.hl7.org/CodeSystem/ex-diagnosistype': {
    principal: 'Principal Diagnosis',
  },
  'http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship': {
    prior: 'Prior Claim',
  },
  'http://terminology.hl7.org/CodeSystem/observation-category': {
    imaging: 'Imaging',
    laboratory: 'Laboratory',
    procedure: 'Procedure',
    'social-history': 'Social History',
    survey: 'Survey',
    'vital-signs': 'Vital Signs',
  },
  'http://terminology.hl7.org/CodeSystem/payeetype': {
    provider: 'Provider',
  },
  'http://terminology.hl7.org/CodeSystem/subscriber-relationship': {
    child: 'Child',
    self: 'Self',
  },
  'http://terminology.hl7.org/CodeSystem/v2-0203': {
    MB: 'Member Number',
    NPI: 'National provider identifier',
    TAX: 'Tax ID number',
    XX: 'Organization identifier',
  },
  'http://terminology.hl7.org/CodeSystem/v2-0360': {
    MD: 'Doctor of Medicine',
  },
  'http://terminology.hl7.org/CodeSystem/v3-ActCode': {
    HIV: 'HIV/AIDS information sensitivity',
    PSY: 'psychiatry disorder information sensitivity',
    STD: 'sexually transmitted disease information sensitivity',
    SUD: 'substance use disorder information sensitivity',
  },
  'http://terminology.hl7.org/CodeSystem/v3-ActReason': {
    TREAT: 'treatment',
  },
  'http://terminology.hl7.org/CodeSystem/v3-Confidentiality': {
    R: 'restricted',
  },
  'http://terminology.hl7.org/CodeSystem/v3-RoleCode': {
    OF: 'Outpatient facility',
    PTRES: "Patient's Residence",
  },
  'http://www.cms.gov/Medicare/Coding/ICD10': {
    '0SRC0J9': 'Replacement of Right Knee Joint with Synthetic Substitute, Cemented, Open Approach',
    '3E03329': 'Introduction of Other Anti-infective into Peripheral Vein, Percutaneous Approach',
    BW03ZZZ: 'Plain Radiography of Chest',
  },
  'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software':
    {
      '195': 'Simple Pneumonia and Pleurisy without CC/MCC',
      '470': 'Major Hip and Knee Joint Replacement or Reattachment of Lower Extremity without MCC',
    },
  'https://www.usps.com/': {
    MN: 'Minnesota',
    ND: 'North Dakota',
    SD: 'South Dakota',
    WI: 'Wisconsin',
  },
  'urn:ietf:bcp:47': {
    en: 'English',
    es: 'Spanish',
  },
};
