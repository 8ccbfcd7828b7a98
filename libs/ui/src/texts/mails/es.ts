import type { mailsEn } from './en.js';

/** Texts of the mails to members in Spanish. */
export const mailsEs: Readonly<Record<keyof typeof mailsEn, string>> = {
  'mail.created.subject': '{app} ya puede ver datos de salud',
  'mail.created.text': 'Usted dio a {app} acceso a datos de salud en {plan}. Termina el {date}.',
  'mail.ending.subject': '{app} pronto perderá el acceso a datos de salud',
  'mail.ending.text': 'El plazo que usted eligió para {app} termina el {date}.',
  'mail.ending.next': 'No tiene que hacer nada. Para seguir, conecte la aplicación de nuevo.',
  'mail.ended.subject': '{app} ya no puede ver datos de salud',
  'mail.ended.text': '{app} perdió el acceso a datos de salud en {plan} el {date}.',
  'mail.ended.member': 'Usted detuvo la aplicación.',
  'mail.ended.person': 'Otra persona que puede decidir sobre esto detuvo la aplicación.',
  'mail.ended.right': 'Usted ya no puede actuar por la persona de quien son los datos.',
  'mail.ended.expired': 'El plazo que usted eligió se acabó.',
  'mail.ended.other':
    'La terminamos nosotros o quienes hacen la aplicación. Puede conectar la aplicación de nuevo.',
  'mail.ended.kept': 'La aplicación puede conservar lo que ya leyó. Pida a quienes la hacen que lo borren.',
  'mail.maker': 'La aplicación es de {organization}.',
  'mail.look': 'Vea sus aplicaciones, o detenga una de ellas:',
  'mail.notYou': '¿No fue usted? Detenga la aplicación ahora y llame a {plan}.',
  'mail.contact': 'Puede comunicarse con nosotros en {contact}.',
};
